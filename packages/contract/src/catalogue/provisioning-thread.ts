// The program of the thread that parses one large provisioning file; see `provisioning-aside.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import { parseProvisioning } from './provisioning.ts';
import type { ProvisioningOrders } from './provisioning-aside.ts';

const { file, text, catalogue } = workerData as ProvisioningOrders;
// As text: copying a hundred thousand objects would hold up whoever receives them for longer than parsing JSON does.
parentPort?.postMessage(JSON.stringify(parseProvisioning(file, text, catalogue)));
