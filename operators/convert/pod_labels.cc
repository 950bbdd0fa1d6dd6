#include "operators/convert/pod_labels.h"

#include "operators/codec/text_field.h"

namespace lockstep {
namespace {

void Replace(std::string_view token, const std::string& with, std::string& text) {
  for (std::size_t at = text.find(token); at != std::string::npos;
       at = text.find(token, at + with.size())) {
    text.replace(at, token.size(), with);
  }
}

}  // namespace

Labels PodLabels(const TrainingJob& job, int rank) {
  int first = 0;
  for (const JobRole& role : job.spec.roles) {
    const int index = rank - first;
    first += role.replicas;
    if (index < 0 || rank >= first) continue;
    Labels labels = role.pod_template.metadata.labels;
    for (auto& [key, value] : labels) {
      Replace("${lockstep.index}", std::to_string(index), value);
      Replace("${lockstep.rank}", std::to_string(rank), value);
    }
    const auto job_role = labels.find(kJobRoleLabel);
    if (index > 0 && job_role != labels.end() && job_role->second == "master" &&
        TextField(job.spec.source, "kind") != "PaddleJob") {
      labels.erase(job_role);
    }
    return labels;
  }
  return {};
}

}  // namespace lockstep
