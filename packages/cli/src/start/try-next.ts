// The commands that the demo offers to try. The end-to-end test takes them from here and runs them as they stand.

/** One command to paste, and what it shows. */
export interface Suggestion {
  readonly shows: string;
  readonly command: string;
}

/** How the command line is run in the workspace; without `--no`, npx would fetch a stranger's package where ours is missing. */
const headgate = 'npx --no headgate';

/** The commands, for profiles in `folder` (as the person at the keyboard would write it). */
export function tryNext(folder: string): readonly Suggestion[] {
  const you = `--profile ${folder}/you.yaml`;
  return [
    { shows: 'every command there is', command: `${headgate} help` },
    {
      shows: 'a retrieve: signed, over mutual TLS, through the gateway',
      command: `${headgate} call cmri RetrieveMarketAwards ${you}`,
    },
    {
      shows: 'who still calls an old address, from where and with which certificate: the ledger of control',
      command: `${headgate} evidence old-addresses${controlFlag(folder)}`,
    },
    { shows: 'a submit of bids', command: `${headgate} call sibr SubmitRawBidSet --sample ${you}` },
    {
      shows: 'several in a row: the second is refused with the deck’s fault and the seconds to wait',
      command: `${headgate} call cmri RetrieveSchedulePrices --repeat 3 --no-pacing ${you}`,
    },
    {
      shows: 'an expired certificate: refused with the reason, as a SOAP fault',
      command: `${headgate} call cmri RetrieveMarketAwards --show --profile ${folder}/expired.yaml`,
    },
    {
      shows: 'public prices from OASIS: anonymous, zip over plain HTTP',
      command: `${headgate} call oasis SingleZip --profile ${folder}/oasis.yaml`,
    },
    {
      shows: 'the deck’s matrix on its own day',
      command: `${headgate} catalogue show --as-of 2024-02-21`,
    },
    {
      shows: 'what one address is',
      command: `${headgate} catalogue find https://ws.caiso.com/sst/runtime.asvc/RetrieveGeneratorRDT_MFv1_DocAttach_AP`,
    },
  ];
}

/** More of them, for the page alone: the screen is full. */
export function tryLater(folder: string): readonly Suggestion[] {
  const config = `--config ${folder}/gateway.yaml`;
  const controlConfig = `--config ${folder}/control.yaml`;
  return [
    { shows: 'what the gateway trusts and shows, with days and reasons', command: `${headgate} trust show ${config}` },
    {
      shows: 'an authority that goes in sixty days, and whom it would strand',
      command: `${headgate} trust plan ${config}`,
    },
    {
      shows: 'who may do what',
      command: `${headgate} provisioning show --provisioning ${folder}/provisioning.yaml`,
    },
    {
      shows: 'one more certificate, and how it is enrolled',
      command: `${headgate} demo certificate --name ECHOx1005 --folder ${folder}`,
    },
    {
      shows:
        'a certificate that its authority takes back, until `demo release`; docs/guides/refuse-one-caller.md goes on from here',
      command: `${headgate} demo revoke --name ECHOx1005 --folder ${folder}`,
    },
    {
      shows:
        'one more link to sign in to control with a browser; the certificate of these pages is of the demo’s own authority',
      command: `${headgate} control sign-in --account operator ${controlConfig}`,
    },
    { shows: 'who was refused, how often and why', command: `${headgate} evidence refusals${controlFlag(folder)}` },
    {
      shows: 'what control published for gateways, and when it changed',
      command: `${headgate} snapshot history${controlFlag(folder)}`,
    },
    { shows: 'as whom control knows you', command: `${headgate} control who-am-i${controlFlag(folder)}` },
    {
      shows: 'what the gateway says beside its evidence, as `trust-warning` and `revocation-list-refused`',
      command: `cat ${folder}/gateway.log`,
    },
  ];
}

/** By default the command line asks the control of the demo in its usual folder. */
function controlFlag(folder: string): string {
  return folder === '.headgate/demo' ? '' : ` --control ${folder}/operator.yaml`;
}

/** What "the deck" means, wherever the list is shown. */
export const deckNote = 'the deck: the operator’s slide deck of 21 February 2024, called so here';

/** The list as a page of its own, for terminals that are too small for it. */
export function tryPage(suggestions: readonly Suggestion[]): string {
  const parts = suggestions.map(({ shows, command }) => `${sentence(shows)}:\n\n\`\`\`sh\n${command}\n\`\`\`\n`);
  return `# Commands to try while the demo runs\n\nIn a second terminal, in the folder where you ran \`npm start\` (${deckNote}).\n\n${parts.join('\n')}`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
