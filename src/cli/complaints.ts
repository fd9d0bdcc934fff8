// What is wrong with a command line, in gcloud's words. An argument too many is not repeated: it may be a secret that
// was typed where none belongs.

import {
  type ApplicationErrorFormatting,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en as stricliText,
} from '@stricli/core';

/** The texts that stricli prints for us; `onUnknown` hears of a word that is no command. */
export function complaints(onUnknown: (word: string, corrections: readonly string[]) => void): typeof stricliText {
  const formatting: Pick<ApplicationErrorFormatting, 'noCommandRegisteredForInput' | 'exceptionWhileParsingArguments'> =
    {
      noCommandRegisteredForInput: ({ input, corrections }) => {
        onUnknown(
          input,
          corrections.map((each) => each.replaceAll('`', '')),
        );
        return `Invalid choice: '${input}'.`;
      },
      exceptionWhileParsingArguments: (error) => {
        return error instanceof ArgumentScannerError
          ? scannerMessage(error)
          : error instanceof Error
            ? error.message
            : '';
      },
    };
  return { ...stricliText, ...formatting };
}

function scannerMessage(error: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(error, {
    UnsatisfiedPositionalError: ({ placeholder }) => `argument ${placeholder}: Must be specified.`,
    UnsatisfiedFlagError: ({ externalFlagName }) => `argument --${externalFlagName}: Must be specified.`,
    UnexpectedPositionalError: ({ expectedCount }) =>
      `unrecognized arguments: ${expectedCount} expected and more given. A payload is never an argument: use --data-file=-`,
    FlagNotFoundError: ({ input, corrections }) =>
      `unrecognized arguments: --${input}${corrections.length === 0 ? '' : ` (did you mean '--${corrections[0]}'?)`}`,
    AliasNotFoundError: ({ input }) => `unrecognized arguments: -${input}`,
    UnexpectedFlagError: ({ externalFlagName }) => `argument --${externalFlagName}: given more than once`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `argument --${externalFlagName}: Invalid choice: '${input}'. Valid choices are [${values.join(', ')}].`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception }) =>
      `argument ${/^[A-Z_]+$/.test(name) ? name : `--${name}`}: ${exception instanceof Error ? exception.message : 'not understood'}`,
  });
}
