// The `/sst/` systems behind one door: the path names a service, the message proves its sender, the service answers.

import { type Incoming, methodNotAllowed, type Reply } from '../wire/message.ts';
import { answerCall } from '../wire/secured-call.ts';
import { findService, type Service } from '../wire/service.ts';
import { findSharedService } from '../wire/shared-path.ts';
import type { World } from '../world.ts';
import { callerOrigin } from '../wsdl/caller-origin.ts';
import { serviceDescription } from '../wsdl/service-wsdl.ts';
import { asksForWsdl, wsdlReply } from '../wsdl/wsdl-document.ts';
import { cmriServices } from './cmri.ts';
import { drrsServices } from './drrs.ts';
import { sibrServices } from './sibr.ts';
import { stlmtServices } from './stlmt.ts';
import { unpublishedServices } from './unpublished.ts';

/** Every simulated service of the `/sst/` systems. */
export const services: readonly Service[] = [
  ...cmriServices,
  ...sibrServices,
  ...drrsServices,
  ...stlmtServices,
  ...unpublishedServices,
];

/** Answers a request below `/sst/`: 405 for anything but POST and `GET …?wsdl`. Null for a path that names no service of these. */
export function answerSst(incoming: Incoming, world: World): Reply | null {
  const path = findService(services, incoming.path) ?? findSharedService(services, incoming);
  if (path === null) return null;
  if (asksForWsdl(incoming)) return wsdlReply(serviceDescription(path, `${callerOrigin(incoming)}${incoming.path}`));
  if (incoming.method !== 'POST') return methodNotAllowed('POST');
  return answerCall(incoming, path, world);
}
