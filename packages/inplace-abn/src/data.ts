export * from '@inplace-abn/data';
