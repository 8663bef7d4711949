// The program of the thread that parses one large provisioning file; see `parse-provisioning.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import { parseProvisioning } from '@headgate/contract';
import type { ProvisioningOrders } from './parse-provisioning.ts';

const { file, text, catalogue } = workerData as ProvisioningOrders;
// As text: copying a hundred thousand objects would hold up whoever receives them for longer than parsing JSON does.
parentPort?.postMessage(JSON.stringify(parseProvisioning(file, text, catalogue)));
