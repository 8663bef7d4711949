// What every server of one bench shares: folder, certificates, market system, CPUs.

import type { CertificateFiles } from './certificates.ts';

/** Which CPUs are whose. The server has one alone; everything else shares the next. */
export interface CpuPlan {
  readonly server: string;
  /** For a server of two threads. */
  readonly twoThreads: string;
  readonly others: string;
}

/** The shared part of one bench. */
export interface Site {
  /** Holds everything that is written, and is removed at the end. */
  readonly folder: string;
  readonly certificates: CertificateFiles;
  readonly backendPort: number;
  readonly cpus: CpuPlan;
  /** Where the Node peers are installed. */
  readonly peersFolder: string;
}

/** Assigns CPUs; raises an error on a machine with one, where generator and server would measure each other. */
export function planCpus(count: number): CpuPlan {
  if (count < 2) throw new Error('the bench needs two CPUs: one for the server, one for everything else');
  return { server: '0', twoThreads: count >= 4 ? '0,2' : '0,1', others: '1' };
}
