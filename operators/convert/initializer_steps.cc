#include <algorithm>

#include "operators/api/decode_visitor.h"
#include "operators/convert/train_job.h"

namespace lockstep {
namespace {

struct Step {
  const RuntimeStep& step;
  const TrainJobData* data;  // null: the TrainJob says nothing of it
  std::string path;          // of `data`
};

// The container that Kubeflow Trainer tells what is to be downloaded.
void FillIn(const Step& step, Container& container, FindingList& findings) {
  if (step.data == nullptr || container.name != step.step.ancestor()) return;
  if (!step.data->storage_uri.empty()) {
    UpsertVariable(container.env, {"STORAGE_URI", step.data->storage_uri});
  }
  for (const EnvVar& variable : step.data->env) UpsertVariable(container.env, variable);
  if (step.data->secret_ref.is_null()) return;
  const DecodePlace root;
  EnvFromSource source;
  DecodeStruct(Json{{"secretRef", step.data->secret_ref}}, DecodePlace{&root, step.path}, findings,
               source);
  container.env_from.push_back(std::move(source));
}

// Volumes of the same name and source are one volume here; another of the same name gets the step's
// in front.
void MoveVolumes(const std::string& step, PodSpec from, std::vector<Container>& containers,
                 PodSpec& to) {
  for (Volume& volume : from.volumes) {
    const auto same = std::ranges::find(to.volumes, volume.name, &Volume::name);
    if (same != to.volumes.end() && *same == volume) continue;
    if (same != to.volumes.end()) {
      const std::string name = step + "-" + volume.name;
      for (Container& container : containers) {
        for (VolumeMount& mount : container.volume_mounts) {
          if (mount.name == volume.name) mount.name = name;
        }
      }
      volume.name = name;
    }
    to.volumes.push_back(std::move(volume));
  }
}

void AddStep(const Step& step, JobRole& role, FindingList& findings) {
  PodSpec pod = step.step.job_template.spec.pod_template.spec;
  std::vector<Container> containers = std::move(pod.init_containers);
  std::ranges::move(pod.containers, std::back_inserter(containers));
  const auto silent = [](const Container& container) { return container.command.empty(); };
  for (const Container& container : containers) {
    if (!silent(container)) continue;
    const std::string what =
        step.data != nullptr && !step.data->storage_uri.empty() ? step.data->storage_uri : "it";
    findings.Warning(step.data == nullptr ? "spec.runtimeRef" : step.path,
                     "the step " + step.step.name + " is left out, since its container \"" +
                         container.name +
                         "\" has no command and a process has no image to take one from: " + what +
                         " is not downloaded; put the files where the program looks for them, or "
                         "give the runtime's container a command");
  }
  std::erase_if(containers, silent);
  for (Container& container : containers) FillIn(step, container, findings);
  if (containers.empty()) return;
  MoveVolumes(step.step.name, pod, containers, role.pod_template.spec);
  std::vector<Container>& before = role.pod_template.spec.init_containers;
  std::ranges::move(containers, std::back_inserter(before));
}

}  // namespace

void AddInitializers(const RuntimeTemplate& runtime, const std::optional<TrainJobInitializer>& data,
                     JobRole& role, FindingList& findings) {
  std::vector<Container> own = std::move(role.pod_template.spec.init_containers);
  role.pod_template.spec.init_containers.clear();
  for (const RuntimeStep& step : runtime.set.spec.steps) {
    if (!step.initializer()) continue;
    const bool is_dataset = step.ancestor() == kDatasetStep;
    const TrainJobData* given = nullptr;
    if (data && is_dataset && data->dataset) given = &*data->dataset;
    if (data && !is_dataset && data->model) given = &*data->model;
    AddStep({step, given, is_dataset ? "spec.initializer.dataset" : "spec.initializer.model"}, role,
            findings);
  }
  std::ranges::move(own, std::back_inserter(role.pod_template.spec.init_containers));
}

}  // namespace lockstep
