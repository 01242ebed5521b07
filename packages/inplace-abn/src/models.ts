export * from '@inplace-abn/models';
