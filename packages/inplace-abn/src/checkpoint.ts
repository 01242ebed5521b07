export * from '@inplace-abn/checkpoint';
