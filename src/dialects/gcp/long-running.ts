// google.longrunning.Operations. Whatever answers an operation here answers it done, so none is ever asked for again.

import { Operations } from '../../../gen/google/longrunning/operations_pb.js';
import { missing, serviceMethods } from './call.ts';

const operations = missing('Looking up operations');

export const operationsMethods = serviceMethods(Operations, {
  listOperations: operations,
  getOperation: operations,
  deleteOperation: operations,
  cancelOperation: operations,
  waitOperation: operations,
});
