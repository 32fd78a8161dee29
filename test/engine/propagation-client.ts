import type { PropagationInputs } from "../../components/propagation/proof";
import { propagation } from "../../components/propagation/provider";

/** What the engine's process of dynamic providers does for a Propagation that is made. */
export const wait = (inputs: PropagationInputs) => propagation.create(inputs);
