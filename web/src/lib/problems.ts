/** Something that went wrong, in the words of RFC 9457. */
export class Problem extends Error {
  constructor(
    readonly slug: string,
    readonly title: string,
    readonly detail = '',
    readonly status = 0,
    /** Seconds to wait before asking again. */
    readonly retryAfter: number | null = null,
  ) {
    super(title);
    this.name = 'Problem';
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === 'AbortError') return new Problem('cancelled', 'Stopped.');
  const text = error instanceof Error ? error.message : String(error);
  return new Problem('unexpected', 'Something unexpected happened in this page.', text);
}

export const networkProblem = (): Problem =>
  new Problem('network', 'The server cannot be reached.', 'Check the connection and try again.');

export const malformedCode = (): Problem =>
  new Problem('malformed-code', 'That is not a whole code.', 'A code has 8 letters and digits, like K7QM-2XWD.');

/** What stands beside the code box. */
export function codeProblemText(problem: Problem): { title: string; detail: string } {
  switch (problem.slug) {
    case 'malformed-code':
      return { title: 'That is not a whole code.', detail: 'A code has 8 letters and digits, like K7QM-2XWD.' };
    case 'unknown-code':
      return { title: 'No transfer has this code.', detail: 'Check it with the sender: every letter counts.' };
    case 'expired':
      return { title: 'This code has expired.', detail: 'Ask the sender for a new one. Their files are still with them.' };
    case 'taken':
      return { title: 'Somebody has already used this code.', detail: 'A code works for one receiver. Ask the sender for a new one.' };
    case 'rate-limited':
      return {
        title: 'Too many tries.',
        detail: problem.retryAfter ? `Try again in ${problem.retryAfter} s.` : 'Try again in a moment.',
      };
    case 'network':
      return { title: 'The server cannot be reached.', detail: 'Check the connection and try again. Nothing was lost.' };
    default:
      return { title: problem.title, detail: problem.detail };
  }
}
