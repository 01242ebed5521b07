/** The gallery's record of an image: a small JSON file next to its thumbnails. */
import { z } from 'zod';

const count = z.int().min(0);
const byte = z.int().min(0).max(255);
const perCent = z.number().nullable();

const recordSchema = z.object({
  version: z.literal(1),
  /** Base name of the image's outputs. */
  name: z.string().min(1),
  /** The photograph's file. */
  file: z.string(),
  width: count,
  height: count,
  seconds: z.number(),
  /** 0 to 1; null for NaN. */
  meanConfidence: z.number().nullable(),
  /** The largest first. */
  classes: z.array(
    z.object({ id: byte, name: z.string(), color: z.tuple([byte, byte, byte]), pixels: count }),
  ),
  /** With labels: percent, or null if they label nothing. */
  scores: z.object({ meanIou: perCent, pixelAccuracy: perCent }).optional(),
  /** Files next to the page, and the size of the thumbnails. */
  outputs: z.array(z.enum(['prediction', 'probability', 'overlay'])),
  thumbnail: z.object({ width: count, height: count }),
});

export type GalleryRecord = z.output<typeof recordSchema>;

/** A record's text as an object, or undefined for any other content. */
export function parseRecord(text: string): GalleryRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function recordText(record: GalleryRecord): string {
  return `${JSON.stringify(record)}\n`;
}
