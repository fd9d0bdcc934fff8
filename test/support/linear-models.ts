// The objects whose histories the tests check: a register, one that can be compared and swapped, and one whose content
// is guarded by an etag that the server makes up.

import type { Model } from './linear.ts';

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: string }
  | { readonly kind: 'swap'; readonly from: string; readonly to: string };

/** What a read saw; `done` or `refused` for what writes. */
export type RegisterOutput = string;

/** Holds one text. A swap writes where the register holds `from`, and is refused where it does not. */
export function register(initial: string): Model<string, RegisterInput, RegisterOutput> {
  return {
    initial,
    key: (state) => state,
    isRead: ({ kind }, output) => kind === 'read' || output === 'refused',
    step: (state, input, output) => {
      if (input.kind === 'read') return output === undefined || output === state ? [state] : [];
      const [answer, after] =
        input.kind === 'write' ? ['done', input.value] : input.from === state ? ['done', input.to] : ['refused', state];
      return output === undefined || output === answer ? [after] : [];
    },
  };
}

export type EtagInput =
  | { readonly kind: 'read' }
  /** Absent etag: whatever is there. */
  | { readonly kind: 'set'; readonly etag?: string; readonly value: string };

export type EtagOutput = { readonly etag: string; readonly value: string } | 'refused';

export interface Tagged {
  /** Absent: nobody has seen it. */
  readonly etag?: string;
  readonly value: string;
}

/** Content with an etag that is new after each change: a change that names an old one is refused. */
export function tagged(initial: Tagged): Model<Tagged, EtagInput, EtagOutput> {
  return {
    initial,
    key: ({ etag = '', value }) => `${etag} ${value}`,
    isRead: ({ kind }, output) => kind === 'read' || output === 'refused',
    step: (state, input, output) => {
      if (input.kind === 'read') {
        if (output === undefined) return [state];
        const isSeen = output !== 'refused' && output.value === state.value && canBe(state.etag, output.etag);
        return isSeen ? [output] : [];
      }
      const { etag, value } = input;
      if (output === 'refused') return etag === undefined || etag === state.etag ? [] : [state];
      if (etag !== undefined && !canBe(state.etag, etag)) return output === undefined ? [state] : [];
      if (output === undefined) return [{ value }];
      return output.value === value && output.etag !== state.etag ? [output] : [];
    },
  };
}

function canBe(known: string | undefined, etag: string): boolean {
  return known === undefined || known === etag;
}

export type SeriesInput = { readonly kind: 'add'; readonly value: string } | { readonly kind: 'latest' };

export interface SeriesOutput {
  readonly number: number;
  /** Of a read. */
  readonly value?: string;
}

export interface Series {
  readonly number: number;
  readonly value: string;
}

/** Numbered values, of which the last is read: each that is added has the next number. */
export function series(initial: Series): Model<Series, SeriesInput, SeriesOutput> {
  return {
    initial,
    key: ({ number, value }) => `${number} ${value}`,
    isRead: ({ kind }) => kind === 'latest',
    step: (state, input, output) => {
      if (input.kind === 'latest') {
        return output === undefined || (output.number === state.number && output.value === state.value) ? [state] : [];
      }
      const number = state.number + 1;
      return output === undefined || output.number === number ? [{ number, value: input.value }] : [];
    },
  };
}
