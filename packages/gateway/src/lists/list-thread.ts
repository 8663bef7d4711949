// The program of the thread that reads large revocation lists; see `read-lists.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import { type ListOrders, readListsHere } from './read-lists.ts';

parentPort?.postMessage(readListsHere(workerData as ListOrders));
