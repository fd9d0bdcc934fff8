// google.cloud.resourcemanager.v3 TagKeys and TagValues. Every change is answered as an operation that is done; what the
// real service finds out only while it works stands in the operation as its error. Keys belong to projects: there are no
// organizations here. Source: tag_keys.proto and tag_values.proto.

import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  CreateTagKeyMetadataSchema,
  DeleteTagKeyMetadataSchema,
  ListTagKeysResponseSchema,
  type TagKey as TagKeyMessage,
  TagKeySchema,
  TagKeys,
} from '../../../gen/google/cloud/resourcemanager/v3/tag_keys_pb.js';
import {
  CreateTagValueMetadataSchema,
  DeleteTagValueMetadataSchema,
  ListTagValuesResponseSchema,
  type TagValue as TagValueMessage,
  TagValueSchema,
  TagValues,
} from '../../../gen/google/cloud/resourcemanager/v3/tag_values_pb.js';
import type { ProjectRef } from '../../core/name.ts';
import {
  namespacedKey,
  namespacedValue,
  parseNamespaced,
  type TagKeyOfProject,
  type TagKeyRef,
  type TagValueOfProject,
  type TagValueRef,
} from '../../core/tag.ts';
import { then } from '../../ops/maybe.ts';
import {
  createTagKey,
  createTagValue,
  deleteTagKey,
  deleteTagValue,
  getTagKey,
  getTagValue,
  listTagKeys,
  listTagValues,
} from '../../ops/tags.ts';
import { missing, serviceMethods } from './call.ts';
import { timestamp } from './encode-secret.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseProjectName } from './names.ts';
import { badTagName, doneOperation, parseTagId, refuseValidateOnly, tagPage } from './tag-operation.ts';

function parseKeyParent(parent: string, field: string): ProjectRef {
  if (parent.startsWith('organizations/')) throw unsupported('A tag key of an organization');
  return parseProjectName(parent, field);
}

/** `PROJECT/KEY`. Throws INVALID_FIELD. */
function parseKeyPath(name: string): TagKeyRef {
  const named = parseNamespaced(name, 2);
  const [shortName] = named?.names ?? [];
  if (named === undefined || shortName === undefined) throw badTagName('name', name);
  return { project: named.project, shortName };
}

/** `PROJECT/KEY/VALUE`. Throws INVALID_FIELD. */
export function parseValuePath(name: string, field: string): TagValueRef {
  const named = parseNamespaced(name, 3);
  const [keyName, shortName] = named?.names ?? [];
  if (named === undefined || keyName === undefined || shortName === undefined) throw badTagName(field, name);
  return { project: named.project, keyName, shortName };
}

function encodeKey(tag: TagKeyOfProject): TagKeyMessage {
  const { project, key } = tag;
  return create(TagKeySchema, {
    name: `tagKeys/${key.id}`,
    parent: `projects/${project.number}`,
    shortName: key.shortName,
    namespacedName: namespacedKey(tag),
    description: key.description,
    createTime: timestamp(key.createdAt),
    updateTime: timestamp(key.updatedAt),
    etag: key.etag,
  });
}

function encodeValue(tag: TagValueOfProject): TagValueMessage {
  const { key, value } = tag;
  return create(TagValueSchema, {
    name: `tagValues/${value.id}`,
    parent: `tagKeys/${key.id}`,
    shortName: value.shortName,
    namespacedName: namespacedValue(tag),
    description: value.description,
    createTime: timestamp(value.createdAt),
    updateTime: timestamp(value.updatedAt),
    etag: value.etag,
  });
}

const givenEtag = ({ etag }: { readonly etag: string }) => (etag === '' ? {} : { etag });
const policies = missing('The IAM policy of a tag');

export const tagKeysMethods = serviceMethods(TagKeys, {
  listTagKeys: (request, call) => {
    const command = { project: parseKeyParent(request.parent, 'parent'), ...tagPage(request) };
    return then(call.run(listTagKeys, command), ({ project, keys, nextPageToken }) =>
      create(ListTagKeysResponseSchema, { tagKeys: keys.map((key) => encodeKey({ project, key })), nextPageToken }),
    );
  },
  getTagKey: ({ name }, call) =>
    then(call.run(getTagKey, { tag: { id: parseTagId(name, 'tagKeys', 'name') } }), encodeKey),
  getNamespacedTagKey: ({ name }, call) => then(call.run(getTagKey, { tag: parseKeyPath(name) }), encodeKey),
  createTagKey: (request, call) => {
    refuseValidateOnly(request);
    const { tagKey } = request;
    if (tagKey === undefined) throw invalidField('tag_key', 'is required');
    if (tagKey.purpose !== 0 || Object.keys(tagKey.purposeData).length > 0)
      throw unsupported('Field [tag_key.purpose]');
    const { shortName, description } = tagKey;
    const command = { project: parseKeyParent(tagKey.parent, 'tag_key.parent'), shortName, description };
    return doneOperation(
      'ctk',
      anyPack(CreateTagKeyMetadataSchema, create(CreateTagKeyMetadataSchema)),
      () => call.run(createTagKey, command),
      (tag) => anyPack(TagKeySchema, encodeKey(tag)),
    );
  },
  updateTagKey: missing('UpdateTagKey'),
  deleteTagKey: (request, call) => {
    refuseValidateOnly(request);
    const command = { id: parseTagId(request.name, 'tagKeys', 'name'), ...givenEtag(request) };
    return doneOperation(
      'dtk',
      anyPack(DeleteTagKeyMetadataSchema, create(DeleteTagKeyMetadataSchema)),
      () => call.run(deleteTagKey, command),
      (tag) => anyPack(TagKeySchema, encodeKey(tag)),
    );
  },
  getIamPolicy: policies,
  setIamPolicy: policies,
  testIamPermissions: policies,
});

export const tagValuesMethods = serviceMethods(TagValues, {
  listTagValues: (request, call) => {
    const command = { keyId: parseTagId(request.parent, 'tagKeys', 'parent'), ...tagPage(request) };
    return then(call.run(listTagValues, command), ({ project, key, values, nextPageToken }) =>
      create(ListTagValuesResponseSchema, {
        tagValues: values.map((value) => encodeValue({ project, key, value })),
        nextPageToken,
      }),
    );
  },
  getTagValue: ({ name }, call) =>
    then(call.run(getTagValue, { tag: { id: parseTagId(name, 'tagValues', 'name') } }), encodeValue),
  getNamespacedTagValue: ({ name }, call) =>
    then(call.run(getTagValue, { tag: parseValuePath(name, 'name') }), encodeValue),
  createTagValue: (request, call) => {
    refuseValidateOnly(request);
    const { tagValue } = request;
    if (tagValue === undefined) throw invalidField('tag_value', 'is required');
    const { shortName, description } = tagValue;
    const command = { keyId: parseTagId(tagValue.parent, 'tagKeys', 'tag_value.parent'), shortName, description };
    return doneOperation(
      'ctv',
      anyPack(CreateTagValueMetadataSchema, create(CreateTagValueMetadataSchema)),
      () => call.run(createTagValue, command),
      (tag) => anyPack(TagValueSchema, encodeValue(tag)),
    );
  },
  updateTagValue: missing('UpdateTagValue'),
  deleteTagValue: (request, call) => {
    refuseValidateOnly(request);
    const command = { id: parseTagId(request.name, 'tagValues', 'name'), ...givenEtag(request) };
    return doneOperation(
      'dtv',
      anyPack(DeleteTagValueMetadataSchema, create(DeleteTagValueMetadataSchema)),
      () => call.run(deleteTagValue, command),
      (tag) => anyPack(TagValueSchema, encodeValue(tag)),
    );
  },
  getIamPolicy: policies,
  setIamPolicy: policies,
  testIamPermissions: policies,
});
