#include "operators/convert/convert.h"

#include "operators/codec/text_field.h"
#include "operators/convert/pod_check.h"
#include "operators/convert/spokes.h"

namespace lockstep {
namespace {

struct KindRow {
  std::string_view api_version;
  std::string_view kind;
  TrainingJob (*convert)(const Json& manifest, FindingList& findings);
  bool checks_pods = false;  // by itself, where they stand; else they are under spec, or spec.roles
  TrainingJob (*convert_with_runtimes)(const Json& manifest, const RuntimeLookup& runtimes,
                                       FindingList& findings) = nullptr;  // in place of `convert`
};

constexpr KindRow kKinds[] = {
    {"batch/v1", "Job", ConvertJob, true},
    {"kubeflow.org/v1", "JAXJob", ConvertJaxJob, true},
    {"kubeflow.org/v1", "MPIJob", ConvertMpiJobV1, true},
    {"kubeflow.org/v2beta1", "MPIJob", ConvertMpiJobV2Beta1, true},
    {"kubeflow.org/v1", "PaddleJob", ConvertPaddleJob, true},
    {"kubeflow.org/v1", "PyTorchJob", ConvertPyTorchJob, true},
    {"kubeflow.org/v1", "TFJob", ConvertTfJob, true},
    {"kubeflow.org/v1", "XGBoostJob", ConvertXgboostJob, true},
    {"trainer.kubeflow.org/v1alpha1", "TrainJob", nullptr, true, ConvertTrainJob},
    {TrainingJob::kApiVersion, TrainingJob::kKind, ConvertTrainingJob},
};

void CheckRole(const JobRole& role, const std::string& path, FindingList& findings) {
  if (role.replicas < 1) {
    findings.Error(FieldPath(path, "replicas"),
                   "is " + std::to_string(role.replicas) + ": a role needs at least one rank");
  }
  FindingList pods(findings.document());
  CheckPodTemplate(role.pod_template, FieldPath(path, "template"), pods);
  for (Finding& finding : pods.Take()) {
    // Of ranks that only lend their hosts nothing is run here.
    if (!role.host_only || !finding.unsupported) findings.Add(std::move(finding));
  }
}

}  // namespace

Result<Converted> ConvertToTrainingJob(const Document& document, const RuntimeLookup& runtimes) {
  const std::string kind = TextField(document.value, "kind");
  const std::string api_version = TextField(document.value, "apiVersion");
  std::string known;
  for (const KindRow& row : kKinds) {
    if (row.kind != kind || row.api_version != api_version) {
      known +=
          (known.empty() ? "" : ", ") + std::string(row.api_version) + " " + std::string(row.kind);
      continue;
    }
    FindingList findings(&document);
    TrainingJob job = row.convert != nullptr
                          ? row.convert(document.value, findings)
                          : row.convert_with_runtimes(document.value, runtimes, findings);
    const bool native = row.kind == TrainingJob::kKind;
    FindingList rules(&document);
    if (native && job.spec.roles.empty()) {
      rules.Error("spec.roles", "is missing: a job needs a role, which says what its ranks run");
    }
    if (!native) job.spec.source = document.value;
    for (std::size_t i = 0; !row.checks_pods && i < job.spec.roles.size(); ++i) {
      CheckRole(job.spec.roles[i], native ? ElementPath("spec.roles", i) : "spec", rules);
    }
    return Converted{std::move(job), WithRules(findings.Take(), rules.Take())};
  }
  return InvalidArgument("\"" + api_version + " " + kind +
                         "\" is not a kind of job that this version runs: use " + known);
}

}  // namespace lockstep
