// The commands that the demo offers to try. The end-to-end test takes them from here and runs them as they stand.

/** One command to paste, and what it shows. */
export interface Suggestion {
  readonly shows: string;
  readonly command: string;
}

/** The commands, for profiles in `folder` (as the person at the keyboard would write it). */
export function tryNext(folder: string): readonly Suggestion[] {
  const you = `--profile ${folder}/you.yaml`;
  return [
    {
      shows: 'a retrieve: signed, over mutual TLS, through the gateway',
      command: `npx headgate call cmri RetrieveMarketAwards ${you}`,
    },
    { shows: 'a submit of bids', command: `npx headgate call sibr SubmitRawBidSet --sample ${you}` },
    {
      shows: 'several in a row: the second is refused with the deck’s fault and the seconds to wait',
      command: `npx headgate call cmri RetrieveSchedulePrices --repeat 3 --no-pacing ${you}`,
    },
    {
      shows: 'an expired certificate: refused with the reason, as a SOAP fault',
      command: `npx headgate call cmri RetrieveMarketAwards --show --profile ${folder}/expired.yaml`,
    },
    {
      shows: 'public prices from OASIS: anonymous, zip over plain HTTP',
      command: `npx headgate call oasis SingleZip --profile ${folder}/oasis.yaml`,
    },
    { shows: 'the deck’s matrix on its own day', command: 'npx headgate catalogue show --as-of 2024-02-21' },
    {
      shows: 'what one address is',
      command:
        'npx headgate catalogue find https://ws.caiso.com/sst/runtime.asvc/RetrieveGeneratorRDT_MFv1_DocAttach_AP',
    },
  ];
}
