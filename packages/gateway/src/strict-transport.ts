// HTTP Strict Transport Security (RFC 6797): a browser that was told so asks a host over TLS alone, whatever a link says.
import type { Config } from './config.ts';
import type { Exchange } from './exchange.ts';
import { AnswerFields } from './http1/answer-fields.ts';

const fieldName = 'strict-transport-security';

/** The value of the field, by listener and host; of the hosts that say it. */
export type StrictTransport = ReadonlyMap<string, string>;

/** The values of a configuration. */
export function strictTransportOf({ listeners }: Config): StrictTransport {
  return new Map(
    listeners.flatMap(({ name, tls, hosts }) =>
      hosts.flatMap((host): [string, string][] =>
        // RFC 6797 §7.2: never over plain HTTP.
        tls && host.strictTransportMs > 0
          ? [[`${name}/${host.name}`, `max-age=${Math.floor(host.strictTransportMs / 1_000)}`]]
          : [],
      ),
    ),
  );
}

/** The fields of an answer with what its host says, once: what the system says of it is the host's to say. */
export function withStrictTransport(fields: AnswerFields, { serving, connection, request }: Exchange): AnswerFields {
  const { strictTransport } = serving;
  if (strictTransport.size === 0) return fields; // Of nearly every call.
  const value = strictTransport.get(`${connection.listener}/${request.host}`);
  if (value === undefined) return fields;
  const others = fields.list.filter((_, at) => fields.list[at - (at % 2)] !== fieldName);
  return new AnswerFields([...others, fieldName, value]);
}
