// What is often there at once. Waiting for what is there already costs a turn of the microtask queue, at every stage of every call.

/** A value, or the promise of one. Who takes it waits only for a promise. */
export type MaybePromise<T> = T | Promise<T>;
