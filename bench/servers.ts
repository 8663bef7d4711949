// Who is measured: names, in the order of tables and charts.

/** Every server of the bench; Headgate first, then peers that are not Node, then Node proxies. */
export const serverNames = [
  'headgate',
  'nginx',
  'haproxy',
  'http-proxy-3',
  'fastify-http-proxy',
  'fast-proxy',
  'node-undici',
] as const;

/** One server of the bench. */
export type ServerName = (typeof serverNames)[number];

/** The proxies from npm that people would otherwise take; Headgate is compared with the best of them. */
export const npmProxies: readonly ServerName[] = ['http-proxy-3', 'fastify-http-proxy', 'fast-proxy'];

/** How a server is written for a reader. */
export const serverTitles: Readonly<Record<ServerName, string>> = {
  headgate: 'Headgate',
  nginx: 'nginx',
  haproxy: 'HAProxy',
  'http-proxy-3': 'http-proxy-3',
  'fastify-http-proxy': '@fastify/http-proxy',
  'fast-proxy': 'fast-proxy',
  'node-undici': 'node:https + undici',
};
