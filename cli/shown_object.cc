#include "cli/shown_object.h"

#include "operators/convert/job_object.h"

namespace lockstep {

Json ShownObject(const Object& object, std::string_view asked_as) {
  const auto* job = std::get_if<TrainingJob>(&object);
  Json kept = EncodeObject(object);
  if (job == nullptr || !job->spec.source.is_object() || asked_as == TrainingJob::kKind) {
    return kept;
  }
  Json shown = JobObject(job->spec.source, *job);
  shown["metadata"] = kept["metadata"];
  return shown;
}

}  // namespace lockstep
