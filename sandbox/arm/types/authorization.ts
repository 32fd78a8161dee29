import type { Provider } from "../resource-type";
import { roleAssignment } from "./role-assignment";
import { roleDefinition } from "./role-definition";

export const authorization: Provider = { types: [roleAssignment, roleDefinition] };
