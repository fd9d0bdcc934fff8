// google.cloud.resourcemanager.v3.TagBindings, for secrets: nothing else here can have tags. A region's host knows the
// secrets of that region alone. Source: tag_bindings.proto.

import { create } from '@bufbuild/protobuf';
import { anyPack, EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  CreateTagBindingMetadataSchema,
  DeleteTagBindingMetadataSchema,
  EffectiveTagSchema,
  ListEffectiveTagsResponseSchema,
  ListTagBindingsResponseSchema,
  type TagBinding as TagBindingMessage,
  TagBindingSchema,
  TagBindings,
} from '../../../gen/google/cloud/resourcemanager/v3/tag_bindings_pb.js';
import { namespacedKey, namespacedValue, type TagValueRef } from '../../core/tag.ts';
import { then } from '../../ops/maybe.ts';
import type { SecretRef } from '../../ops/secrets.ts';
import {
  createTagBinding,
  deleteTagBinding,
  listEffectiveTags,
  listTagBindings,
  type TagBindingResult,
} from '../../ops/tag-bindings.ts';
import { type Call, serviceMethods } from './call.ts';
import { secretName } from './encode-secret.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseSecretRef } from './names.ts';
import { badTagName, doneOperation, parseTagId, refuseValidateOnly, tagPage } from './tag-operation.ts';
import { parseValuePath } from './tags.ts';

const SECRETS = '//secretmanager.googleapis.com/';

/** A secret by its full resource name. Throws INVALID_FIELD, or UNIMPLEMENTED for what has no tags here. */
function parseResource(name: string, field: string, { location }: Call): SecretRef {
  if (name.startsWith(SECRETS)) return parseSecretRef(name.slice(SECRETS.length), field, location);
  if (/^\/\/[a-z]+\.googleapis\.com\//.test(name)) throw unsupported('A tag of anything but a secret');
  throw badTagName(field, name);
}

/** `tagBindings/RESOURCE/tagValues/N`, the resource percent-encoded. Throws INVALID_FIELD. */
function parseBindingName(name: string, call: Call): SecretRef & { readonly tag: TagValueRef } {
  const [, resource, value] = /^tagBindings\/([^/]+)\/(tagValues\/[0-9]+)$/.exec(name) ?? [];
  if (resource === undefined || value === undefined) throw badTagName('name', name);
  return {
    ...parseResource(decodeName(resource) ?? '', 'name', call),
    tag: { id: parseTagId(value, 'tagValues', 'name') },
  };
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** By its id or its namespaced name, of which a request has one. Throws INVALID_FIELD. */
function parseValue({ tagValue, tagValueNamespacedName: path }: TagBindingMessage): TagValueRef {
  if (tagValue !== '' && path !== '') {
    throw invalidField('tag_binding.tag_value', 'stands beside tag_value_namespaced_name; only one of them may');
  }
  if (path !== '') return parseValuePath(path, 'tag_binding.tag_value_namespaced_name');
  return { id: parseTagId(tagValue, 'tagValues', 'tag_binding.tag_value') };
}

function encodeBinding({ project, secret, tag }: TagBindingResult): TagBindingMessage {
  const parent = `${SECRETS}${secretName(project, secret)}`;
  const tagValue = `tagValues/${tag.value.id}`;
  return create(TagBindingSchema, {
    name: `tagBindings/${encodeURIComponent(parent)}/${tagValue}`,
    parent,
    tagValue,
    tagValueNamespacedName: namespacedValue(tag),
  });
}

export const tagBindingsMethods = serviceMethods(TagBindings, {
  listTagBindings: (request, call) => {
    const command = { ...parseResource(request.parent, 'parent', call), ...tagPage(request) };
    return then(call.run(listTagBindings, command), ({ tags, nextPageToken, ...of }) =>
      create(ListTagBindingsResponseSchema, {
        tagBindings: tags.map((tag) => encodeBinding({ ...of, tag })),
        nextPageToken,
      }),
    );
  },
  createTagBinding: (request, call) => {
    refuseValidateOnly(request);
    const { tagBinding } = request;
    if (tagBinding === undefined) throw invalidField('tag_binding', 'is required');
    const command = { ...parseResource(tagBinding.parent, 'tag_binding.parent', call), tag: parseValue(tagBinding) };
    return doneOperation(
      'ctb',
      anyPack(CreateTagBindingMetadataSchema, create(CreateTagBindingMetadataSchema)),
      () => call.run(createTagBinding, command),
      (result) => anyPack(TagBindingSchema, encodeBinding(result)),
    );
  },
  deleteTagBinding: ({ name }, call) => {
    const command = parseBindingName(name, call);
    return doneOperation(
      'dtb',
      anyPack(DeleteTagBindingMetadataSchema, create(DeleteTagBindingMetadataSchema)),
      () => call.run(deleteTagBinding, command),
      () => anyPack(EmptySchema, create(EmptySchema)),
    );
  },
  listEffectiveTags: (request, call) => {
    const command = { ...parseResource(request.parent, 'parent', call), ...tagPage(request) };
    return then(call.run(listEffectiveTags, command), ({ tags, nextPageToken }) =>
      create(ListEffectiveTagsResponseSchema, {
        effectiveTags: tags.map((tag) =>
          create(EffectiveTagSchema, {
            tagValue: `tagValues/${tag.value.id}`,
            namespacedTagValue: namespacedValue(tag),
            tagKey: `tagKeys/${tag.key.id}`,
            namespacedTagKey: namespacedKey(tag),
            tagKeyParentName: `projects/${tag.project.number}`,
          }),
        ),
        nextPageToken,
      }),
    );
  },
});
