#include "operators/admission/rules.h"
#include "operators/api/intent.h"

namespace lockstep {

void CheckIntents(const Object& object, FindingList& findings) {
  for (const IntentError& error : CheckIntent(KindOf(object), MetaOf(object).annotations))
    findings.Error(FieldPath("metadata.annotations", error.annotation), error.message);
}

}  // namespace lockstep
