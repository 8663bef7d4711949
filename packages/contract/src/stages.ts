// The order of the paths, once. Code, folders, pictures and evidence sections are compared with these lists by `npm run check`.

/** One stage of a path: the folder that holds it, the function that performs it, and the statuses it may refuse with. */
export interface Stage {
  readonly noun: string;
  readonly verb: string;
  /** HTTP statuses of this stage's own refusals, before the caller's format changes them (a SOAP fault carries 500). */
  readonly refusals: readonly number[];
}

/** The request path of the gateway, in order. `listener` calls `serve`; the rest are called by it. */
export const requestStages = [
  { noun: 'listener', verb: 'listen', refusals: [400, 405, 408, 414, 431, 503, 505] },
  { noun: 'identity', verb: 'identify', refusals: [403, 421] },
  { noun: 'route', verb: 'selectRoute', refusals: [400, 403, 404, 405, 410, 503] },
  { noun: 'admission', verb: 'admit', refusals: [401, 403, 429] },
  { noun: 'inspection', verb: 'inspect', refusals: [400, 408, 413, 415] },
  { noun: 'forward', verb: 'forward', refusals: [502, 503, 504] },
  { noun: 'response', verb: 'respond', refusals: [] },
  { noun: 'evidence', verb: 'recordEvidence', refusals: [] },
] as const satisfies readonly Stage[];

/** One client call, in order: every stage is called by `invoke`. */
export const clientStages = [
  { noun: 'catalogue', verb: 'lookUp', refusals: [] },
  { noun: 'credential', verb: 'currentCredential', refusals: [] },
  { noun: 'pacing', verb: 'awaitTurn', refusals: [] },
  { noun: 'encode', verb: 'encode', refusals: [] },
  { noun: 'call', verb: 'call', refusals: [] },
  { noun: 'diagnose', verb: 'diagnose', refusals: [] },
] as const satisfies readonly Stage[];

/** One turn of the cutover, in order. The package that walks it is not built yet. */
export const cutoverStages = [
  { noun: 'catalogue', verb: 'loadCatalogue', refusals: [] },
  { noun: 'plan', verb: 'adoptedPlan', refusals: [] },
  { noun: 'phase', verb: 'currentPhase', refusals: [] },
  { noun: 'verification', verb: 'verify', refusals: [] },
  { noun: 'decision', verb: 'decide', refusals: [] },
  { noun: 'execution', verb: 'carryOut', refusals: [] },
  { noun: 'status', verb: 'statusOf', refusals: [] },
] as const satisfies readonly Stage[];

/** The noun of a request stage, as used in problem codes and evidence sections. */
export type RequestStage = (typeof requestStages)[number]['noun'];
