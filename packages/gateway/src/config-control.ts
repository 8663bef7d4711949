// The option of control: where it is, and how the two prove to each other who they are.
import { z } from 'zod';
import { file, hostName } from './config-values.ts';

/** Control has one address: everything it offers is below it. */
function isControlUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    url.protocol === 'https:' &&
    url.username + url.password + url.search + url.hash === '' &&
    url.pathname === '/'
  );
}

/** The option `control`. */
export const controlOption = z
  .strictObject({
    url: z
      .string()
      .max(1_000)
      .refine(isControlUrl, 'an https URL without path, user and password, such as https://control.example.net:9443')
      .describe('Address of control: https, host and port, without path.'),
    certificate: file.describe(
      'PEM file with the certificate that this gateway shows control, then its intermediates. Control knows the node by it.',
    ),
    key: file.describe('PEM file with its private key, closed to others as `listeners[].hosts[].key`.'),
    trust: file.describe('PEM file with the authorities that may have issued the certificate of control.'),
    serverName: hostName.optional().describe('Name in the certificate of control. Default: the host of `url`.'),
  })
  .describe(
    'Control, which the gateway sends its evidence to. Calls never wait for it: while it is away the gateway serves on. Absent: the gateway is on its own.',
  );

/** Where control is, file names as written. */
export type ControlOptions = z.infer<typeof controlOption>;
