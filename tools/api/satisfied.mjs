// @ts-check
// In a table of constants, entries have doc comments, but their fields do not. In the reference, the fields
// get the comments of the type that the table satisfies.
import { Converter, ReflectionKind } from 'typedoc';
import ts from 'typescript';

/** @param {import('typedoc').Application} app */
export function commentSatisfiedFields(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (reflection.hasComment() || !reflection.kindOf(ReflectionKind.Property)) return;
    const symbol = context.getSymbolFromReflection(reflection);
    const literal = symbol?.declarations?.find(ts.isPropertyAssignment)?.parent;
    const field = literal && context.checker.getContextualType(literal)?.getProperty(reflection.name);
    if (field) reflection.comment = context.getComment(field, ReflectionKind.Property);
  });
}
