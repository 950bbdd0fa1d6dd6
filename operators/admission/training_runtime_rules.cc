// What Kubeflow Trainer's webhook asks of a runtime, and what it would only fail at later.
#include "operators/admission/rules.h"
#include "operators/convert/runtime_template.h"

namespace lockstep {

void CheckTrainingRuntime(const Json& spec, FindingList& findings) {
  ReadRuntimeTemplate({{"spec", spec}}, findings);
}

}  // namespace lockstep
