/**
 * A network of your own, trained in a planned amount of memory. The other parts are at `inplace-abn/nn` and
 * so on.
 */
export * from '@inplace-abn/session';
