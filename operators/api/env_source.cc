#include "operators/api/env_source.h"

namespace lockstep {

std::optional<std::string> KeyOfFieldPath(std::string_view field_path, std::string_view map) {
  const std::string begin = "metadata." + std::string(map) + "['";
  if (!field_path.starts_with(begin) || !field_path.ends_with("']")) return std::nullopt;
  if (field_path.size() <= begin.size() + 2) return std::nullopt;
  return std::string(field_path.substr(begin.size(), field_path.size() - begin.size() - 2));
}

}  // namespace lockstep
