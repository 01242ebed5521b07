export * from '@inplace-abn/interop';
