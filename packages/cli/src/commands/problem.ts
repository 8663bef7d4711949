// `headgate problem CODE`: what a code means and what to do, without asking anyone.
import { clientProblems } from '@headgate/client';
import { controlProblems, nearest, problems } from '@headgate/contract';
import type { Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

interface Explanation {
  readonly code: string;
  readonly title: string;
  readonly fix: string;
  readonly operatorFix?: string | undefined;
  readonly retry: string;
  readonly status?: number;
  readonly saidBy: 'gateway' | 'control' | 'client';
}

const retryWords: Readonly<Record<string, string>> = {
  never: 'does not help',
  after: 'helps after the stated wait',
  backoff: 'may help later, with growing pauses',
};

/** Adds `problem`. */
export const registerProblem: Register = (program, context) => {
  program
    .command('problem')
    .description('explain a problem code, such as admission.acceptable_use')
    .argument('[code]', 'the code, or the beginning of some codes; without one all are listed')
    .option('--json', 'print JSON and nothing else')
    .action((code: string | undefined, { json }: { json?: boolean }) => {
      if (code === undefined) {
        context.stdout.write(json === true ? `${JSON.stringify(explanations)}\n` : listText());
        return;
      }
      const found = explanations.filter((each) => each.code === code);
      const matching = found.length > 0 ? found : explanations.filter((each) => each.code.startsWith(code));
      if (matching.length === 0) {
        const near = nearest(
          code,
          explanations.map((each) => each.code),
        );
        const hint = near === null ? '`npx --no headgate problem` lists all' : `Do you mean ${near}?`;
        context.stderr.write(`No problem has a code that begins with "${code}". ${hint}\n`);
        context.exitWith(exitCodes.notFound);
        return;
      }
      context.stdout.write(json === true ? `${JSON.stringify(matching)}\n` : matching.map(explanationText).join('\n'));
    });
};

function listText(): string {
  const width = Math.max(...explanations.map(({ code }) => code.length));
  return explanations.map(({ code, title }) => `${code.padEnd(width)}  ${title}\n`).join('');
}

const explanations: readonly Explanation[] = [
  ...Object.entries(problems).map(([code, { title, fix, retry, status, ...rest }]): Explanation => {
    return { code, title, fix, operatorFix: operatorFixOf(rest), retry, status, saidBy: 'gateway' };
  }),
  ...Object.entries(controlProblems).map(([code, { title, fix, retry, status, ...rest }]): Explanation => {
    return { code, title, fix, operatorFix: operatorFixOf(rest), retry, status, saidBy: 'control' };
  }),
  ...Object.entries(clientProblems).map(([code, { title, fix, retry }]): Explanation => {
    return { code, title, fix, retry, saidBy: 'client' };
  }),
];

function operatorFixOf(rest: object): string | undefined {
  return 'operatorFix' in rest && typeof rest.operatorFix === 'string' ? rest.operatorFix : undefined;
}

function explanationText({ code, title, fix, operatorFix, retry, status, saidBy }: Explanation): string {
  const lines = [
    `${code}: ${title}`,
    `  said by:       the ${saidBy}${status === undefined ? '' : ` (status ${status}${saidBy === 'gateway' ? '; a SOAP fault carries 500' : ''})`}`,
    `  fix:           ${fix}`,
    ...(operatorFix === undefined ? [] : [`  operator fix:  ${operatorFix}`]),
    `  repeating:     ${retryWords[retry] ?? retry}`,
  ];
  return `${lines.join('\n')}\n`;
}
