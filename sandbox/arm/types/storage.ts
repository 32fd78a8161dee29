import type { Provider } from "../resource-type";
import { checkAccountName, storageAccount } from "./storage-account";
import { blobContainer, blobService, queue, queueService } from "./storage-services";

export const storage: Provider = {
  types: [storageAccount, blobService, blobContainer, queueService, queue],
  actions: [checkAccountName],
};
