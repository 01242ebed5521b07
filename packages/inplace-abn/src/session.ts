export * from '@inplace-abn/session';
