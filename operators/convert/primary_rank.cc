#include "operators/convert/primary_rank.h"

#include <algorithm>

#include "operators/api/rank_place.h"
#include "operators/codec/text_field.h"
#include "operators/convert/pod_labels.h"

namespace lockstep {
namespace {

Labels LabelsOf(const TrainingJob& job, int rank) {
  Labels labels = PodLabels(job, rank);
  if (job.spec.source.is_null()) labels.emplace(kCompletionIndexLabel, std::to_string(rank));
  return labels;
}

bool HasAll(const Labels& labels, const Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

std::string Text(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text.empty() ? "no labels" : text;
}

bool HasContainer(const std::vector<Container>& containers, const std::string& name) {
  return std::ranges::find(containers, name, &Container::name) != containers.end();
}

}  // namespace

Result<int> PrimaryRank(const TrainingJob& job, const Labels& labels) {
  if (labels.empty()) return 0;
  std::string there;
  int rank = 0;
  for (const JobRole& role : job.spec.roles) {
    for (int index = 0; index < role.replicas; ++index, ++rank) {
      const Labels own = LabelsOf(job, rank);
      if (HasAll(own, labels)) return role.host_only ? 0 : rank;
      if (index == 0) there += "; the first " + role.name + " has " + Text(own);
    }
  }
  // Katib's default for an MPIJob is the v1 line's label; mpi-operator calls its launcher something
  // else.
  const bool is_default = labels == Labels{{kJobRoleLabel, "master"}};
  if (is_default && TextField(job.spec.source, "kind") == "MPIJob") return 0;
  return InvalidArgument("no pod of the job has " + Text(labels) + there);
}

Status CheckPrimaryContainer(const TrainingJob& job, int rank, const std::string& name) {
  const auto place = PlaceOfRank(job.spec, rank);
  if (!place) return OkStatus();
  const JobRole& role = job.spec.roles[place->role];
  const PodSpec& pod = role.pod_template.spec;
  if (name.empty() || pod.containers.empty() || pod.containers[0].name == name) return OkStatus();
  const std::string program = "\"" + pod.containers[0].name + "\"";
  if (HasContainer(pod.containers, name)) {
    return InvalidArgument("\"" + name + "\" is a sidecar of the " + role.name +
                           ": metrics are those of its program, the container " + program);
  }
  if (HasContainer(pod.init_containers, name)) {
    return InvalidArgument("\"" + name + "\" is an init container of the " + role.name +
                           ": metrics are those of its program, the container " + program);
  }
  return InvalidArgument("\"" + name + "\" is no container of the job: its container is " +
                         program);
}

}  // namespace lockstep
