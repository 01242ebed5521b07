import type { Box, Image, Region, RegionSource } from '../image/image.js';
import { kernels } from '../wasm/kernels.js';
import { type JpegComponent, type JpegHeader, readJpegHeader } from './header.js';
import { decodingTable } from './huffman.js';

/** Thrown if a scan cannot be decoded to its end. */
export class DamagedJpeg extends Error {
  override name = 'DamagedJpeg';
  readonly code = 'ERR_DAMAGED_JPEG';
}

/**
 * A baseline JPEG decoded by region on the calling thread, to the pixels of libjpeg-turbo and therefore PIL.
 */
export class Jpeg implements RegionSource {
  private constructor(
    private readonly file: Uint8Array,
    private readonly header: JpegHeader,
    private readonly codes: readonly { readonly dc: Uint8Array; readonly ac: Uint8Array }[],
  ) {}

  /** Undefined if the file is not a JPEG, is damaged, or is of an uncommon kind (see readJpegHeader). */
  static open(file: Uint8Array): Jpeg | undefined {
    const header = readJpegHeader(file);
    if (!header) return undefined;
    const codes: { dc: Uint8Array; ac: Uint8Array }[] = [];
    for (const component of header.components) {
      const [dc, ac] = [decodingTable(component.dc), decodingTable(component.ac)];
      if (!dc || !ac) return undefined;
      codes.push({ dc, ac });
    }
    return new Jpeg(file, header, codes);
  }

  get width(): number {
    return this.header.width;
  }

  get height(): number {
    return this.header.height;
  }

  /** Bytes of all its pixels once they are decoded. */
  get bytes(): number {
    return this.width * this.height * this.header.components.length;
  }

  /**
   * Decodes only as much as `box` needs, so damage after it goes unnoticed.
   * @throws DamagedJpeg
   */
  region(box: Box): Region {
    const { header } = this;
    const [luma] = header.components;
    if (!luma) throw new DamagedJpeg('it has no components');
    const gray = header.components.length === 1;
    // Sampling factors of a single component have no effect.
    const [h, v] = gray ? [1, 1] : [luma.h, luma.v];
    const units = unitsOf(box, header, 8 * h, 8 * v);
    const { scratch, decodeScan, toRgb } = kernels();
    scratch.reset();
    const planes = header.components.map((component, i) =>
      this.takePlane(component, i, units, i === 0 ? [h, v] : [1, 1]),
    );
    const components = scratch.put(Int32Array.from(planes.flat()));
    const scan = scratch.put(this.file.subarray(header.scan));
    const end = scan + this.file.length - header.scan;
    const { left, top, right, bottom } = units;
    const whole = decodeScan(
      scan,
      end,
      components,
      planes.length,
      h,
      v,
      Math.ceil(header.width / (8 * h)),
      header.restartInterval,
      left,
      top,
      right,
      bottom,
    );
    if (!whole) throw new DamagedJpeg('its data is damaged');
    if (gray) return grayRegion(planes[0] ?? [], units, header);
    const { width, height } = box;
    const rgb = scratch.take(width * height * 3);
    const rows = scratch.take(4 * (right - left) * 8 * h + 256);
    toRgb(
      rgb,
      components,
      box.left - left * 8 * h,
      box.top - top * 8 * v,
      width,
      height,
      h,
      v,
      Math.ceil(header.width / h) - left * 8,
      Math.ceil(header.height / v) - top * 8,
      rows,
    );
    const image: Image = { data: scratch.copyPixels(rgb, width * height * 3), width, height, channels: 3 };
    return { image, left: box.left, top: box.top };
  }

  /**
   * Copies a component's tables to kernel memory and reserves room for its samples, `h`×`v` blocks per MCU.
   */
  private takePlane(
    component: JpegComponent,
    index: number,
    units: Units,
    [h, v]: readonly [number, number],
  ): PlaneFields {
    const { scratch } = kernels();
    const pitch = (units.right - units.left) * 8 * h;
    const plane = scratch.take(pitch * (units.bottom - units.top) * 8 * v);
    const { dc, ac } = this.codes[index] ?? {};
    if (!dc || !ac) throw new DamagedJpeg('it has no Huffman tables');
    return [scratch.put(dc), scratch.put(ac), scratch.put(component.quant), plane, pitch];
  }
}

/**
 * Addresses of both Huffman tables, quantization steps and samples, and the row pitch, as wasm/jpeg.ts reads
 * them.
 */
type PlaneFields = [dc: number, ac: number, quant: number, plane: number, pitch: number];

/** A half-open rectangle of MCUs. */
interface Units {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The MCUs that a box needs. Upsampling reads neighboring chroma samples, at most two pixels away. */
function unitsOf(box: Box, { width, height }: JpegHeader, unitWidth: number, unitHeight: number): Units {
  return {
    left: Math.floor(Math.max(box.left - 2, 0) / unitWidth),
    top: Math.floor(Math.max(box.top - 2, 0) / unitHeight),
    right: Math.ceil(Math.min(box.left + box.width + 2, width) / unitWidth),
    bottom: Math.ceil(Math.min(box.top + box.height + 2, height) / unitHeight),
  };
}

function grayRegion(
  [, , , plane = 0, pitch = 0]: PlaneFields | [],
  units: Units,
  header: JpegHeader,
): Region {
  const height = Math.min(units.bottom * 8, header.height) - units.top * 8;
  const data = kernels().scratch.copyPixels(plane, pitch * height);
  return { image: { data, width: pitch, height, channels: 1 }, left: units.left * 8, top: units.top * 8 };
}
