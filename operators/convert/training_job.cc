#include "operators/api/decode_visitor.h"
#include "operators/convert/spokes.h"

namespace lockstep {

TrainingJob ConvertTrainingJob(const Json& manifest, FindingList& findings) {
  TrainingJob job;
  DecodeStruct(manifest, DecodePlace{}, findings, job, {"apiVersion", "kind"});
  return job;
}

}  // namespace lockstep
