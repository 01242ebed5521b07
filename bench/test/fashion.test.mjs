import { describe, expect, it } from 'vitest';
import { finalValidation } from '../lib/fashion.mjs';

/** The validation of an intermediate epoch, or of the last. */
const validation = { loss: 0.3, top1: 89.01, averaged: { loss: 0.29, top1: 89.5 } };

describe('the result of a training', () => {
  it('is its last validation', () => {
    expect(finalValidation({ validation, stopped: null })).toEqual(validation);
  });

  it.each(/** @type {const} */ (['SIGTERM', 'SIGINT', 'max-steps']))(
    'does not exist if it was stopped, even after a validation: %s',
    (stopped) => {
      expect(() => finalValidation({ validation, stopped })).toThrow(
        `the training was stopped before its end (${stopped}): no result`,
      );
    },
  );

  it('does not exist without a validation', () => {
    const message = 'the training ended without a validation';
    expect(() => finalValidation({ validation: null, stopped: null })).toThrow(message);
  });
});
