#include "cli/origin.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace lockstep {

void AddOrigin(Object& object) {
  if (KindOf(object) != Experiment::kKind && KindOf(object) != TrainingJob::kKind) return;
  Labels& annotations = MetaOf(object).annotations;
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  if (!error) annotations.try_emplace(kWorkingDirAnnotation, directory);
  if (const char* path = std::getenv("PATH")) annotations.try_emplace(kPathAnnotation, path);
}

}  // namespace lockstep
