// The bound on what one call may take in: the call keeps to it, the diagnosis names it.

/** Largest answer read, in bytes (64 MiB). */
export const answerBytesMax = 64 * 1024 * 1024;
