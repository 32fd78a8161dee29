// Node.js 20's fetch takes no notice of HTTPS_PROXY, which is how a process reaches the sandbox.
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new EnvHttpProxyAgent());
