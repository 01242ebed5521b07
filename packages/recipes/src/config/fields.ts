import { parseBytes } from '@inplace-abn/core';
import { z } from 'zod';

// The error text of every field is what it expects ("a positive integer"); problems.ts adds the key path,
// the value received and the nearest known name.

/** An object that refuses unknown keys. */
export function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, 'an object');
}

export function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.enum(names, 'one of');
}

export function flag() {
  return z.boolean('true or false');
}

export function number() {
  return z.number('a number');
}

export function numberFrom(minimum: number, expected = `a number of at least ${minimum}`) {
  return z.number(expected).min(minimum, expected);
}

export function numberFromBelow(minimum: number, limit: number) {
  const expected = `a number of at least ${minimum} and below ${limit}`;
  return z.number(expected).min(minimum, expected).lt(limit, expected);
}

export function numberAbove(minimum: number, expected = `a number above ${minimum}`) {
  return z.number(expected).gt(minimum, expected);
}

/** A share above 0, at most 1. */
export function share(expected = 'a number above 0, at most 1') {
  return z.number(expected).gt(0, expected).max(1, expected);
}

/** A share from 0 to 1. */
export function shareFromZero(expected = 'a number from 0 to 1') {
  return z.number(expected).min(0, expected).max(1, expected);
}

export function positiveInteger(expected = 'a positive integer') {
  return z.int(expected).min(1, expected);
}

/**
 * Images have at most this many pixels per side. With a larger dilation, all taps but the center read
 * padding, and creating kernels may take minutes.
 */
export const MAX_DILATION = 4096;

export function dilation(expected = `an integer from 1 to ${MAX_DILATION}`) {
  return positiveInteger(expected).max(MAX_DILATION, expected);
}

/** The side of a square, or height and width. */
export function sides(expected = 'a positive integer or [height, width]') {
  return z.union(
    [positiveInteger(expected), z.tuple([positiveInteger(), positiveInteger()], expected)],
    expected,
  );
}

export function integerFrom(minimum: number) {
  const expected = `an integer of at least ${minimum}`;
  return z.int(expected).min(minimum, expected);
}

/** The reference writes "not used" as −1. */
export function minusOneOr<T extends z.ZodType>(schema: (expected: string) => T, expected: string) {
  const either = `-1 or ${expected}`;
  // zod reports the branch that came nearest, so both carry the text of the whole.
  return z.union([z.literal(-1, either), schema(either)], either);
}

/** A number of bytes, also as a text with a unit. */
export function byteSize(expected: string) {
  const parsed = (value: unknown) => (typeof value === 'string' ? (parseBytes(value) ?? value) : value);
  return z.preprocess(parsed, positiveInteger(expected));
}

/** Least and greatest share of an image's area. */
export function areaRange() {
  const expected = 'two increasing numbers above 0 and at most 1';
  return z
    .tuple([share(expected), share(expected)], expected)
    .refine(([least, most]) => least <= most, expected);
}

/** One number per color channel, red first. */
export function perChannel(each: () => z.ZodNumber) {
  return z.tuple([each(), each(), each()], 'a list of three numbers (red, green, blue)');
}

/** Reads an absent section as an empty one, so that a missing required key is named by its full path. */
export function absentAsEmpty<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === undefined ? {} : value), schema);
}
