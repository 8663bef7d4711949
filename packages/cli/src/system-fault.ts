// Faults of the machine that a person can mend (a taken port, a missing file), in words.

/** A fault of the machine, as Node tells it. */
export type SystemFault = NodeJS.ErrnoException & {
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
};

/** Whether an error names a file, a port or a key: the operator's to mend, without a stack. */
export function isSystemFault(fault: unknown): fault is SystemFault {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string';
}

/** The fault in a sentence; `setting` is what names the port, as in `--port`. */
export function sayFault(fault: SystemFault, setting: string): string {
  if (fault.code === 'EADDRINUSE') {
    return `port ${fault.port} on ${fault.address} is taken by another process; change ${setting} or stop that process`;
  }
  if (fault.code === 'ENOTFOUND') return `no address is known of ${fault.hostname}; the configuration names it`;
  if (fault.code === 'EAI_AGAIN')
    return `no server of names answered for ${fault.hostname}; the configuration names it`;
  if (fault.code === 'EADDRNOTAVAIL') return `${fault.address} is no address of this machine`;
  if (fault.code === 'EACCES' && fault.port !== undefined) {
    return `port ${fault.port} needs a right that this user lacks; use a port above 1023, or grant CAP_NET_BIND_SERVICE`;
  }
  if (fault.code === 'ENOENT') return `${fault.path} does not exist; the configuration names it`;
  return fault.message;
}
