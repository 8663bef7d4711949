// Connections that wait to be accepted belong to one listener of several, and Linux resets them when that listener closes,
// unless it is told to hand them to another (net.ipv4.tcp_migrate_req, Linux 5.14).
import { readFileSync } from 'node:fs';
import type { GatewayNotice } from '../gateway-notice.ts';

const setting = '/proc/sys/net/ipv4/tcp_migrate_req';

/** Says what a stop or a restart costs where the system is not told to. */
export function tellQueuedConnectionsAtRisk(notice: (notice: GatewayNotice) => void): void {
  let value: string;
  try {
    value = readFileSync(setting, 'utf8').trim();
  } catch {
    return; // Another system, or one that does not say.
  }
  if (value !== '0') return;
  const sentence =
    'net.ipv4.tcp_migrate_req is 0: connections that wait to be accepted are reset when one thread of several stops listening, at a restart above all; `sysctl -w net.ipv4.tcp_migrate_req=1` hands them to another';
  notice({ kind: 'queued-connections-at-risk', sentence });
}
