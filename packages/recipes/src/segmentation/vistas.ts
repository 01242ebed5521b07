import type { Rgb } from '@inplace-abn/data';

/** Mean of RGB in [0, 1] that the published Vistas network was trained with. */
export const VISTAS_MEAN: Rgb = [0.41738699, 0.45732192, 0.46886091];
/** Standard deviation of RGB in [0, 1] that the published Vistas network was trained with. */
export const VISTAS_STD: Rgb = [0.25685097, 0.26509955, 0.29067996];
