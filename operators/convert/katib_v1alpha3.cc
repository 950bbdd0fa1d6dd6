#include "operators/convert/katib_v1alpha3.h"

#include "operators/api/experiment.h"
#include "operators/api/finding_list.h"
#include "operators/convert/go_trial_template.h"

namespace lockstep {
namespace {

constexpr char kApiVersion[] = "kubeflow.org/v1alpha3";
// Without exponents, a leading . and a leading +.
constexpr char kDefaultFilter[] = R"(([\w|-]+)\s*=\s*((-?\d+)(\.\d+)?))";

// What came with v1beta1.
constexpr const char* kNewFields[] = {"/earlyStopping",
                                      "/objective/metricStrategies",
                                      "/metricsCollectorSpec/source/fileSystemPath/format",
                                      "/trialTemplate/trialSpec",
                                      "/trialTemplate/configMap",
                                      "/trialTemplate/trialParameters",
                                      "/trialTemplate/primaryPodLabels",
                                      "/trialTemplate/primaryContainerName",
                                      "/trialTemplate/successCondition",
                                      "/trialTemplate/failureCondition"};

// An object, which is made when there is nothing (or null); null: it is something else.
Json* ObjectIn(Json& parent, const char* name) {
  Json& field = parent[name];
  if (field.is_null()) field = Json::object();
  return field.is_object() ? &field : nullptr;
}

void CheckNewFields(const Json& spec, FindingList& findings) {
  for (const char* const pointer : kNewFields) {
    if (!spec.contains(Json::json_pointer(pointer))) continue;
    findings.Error("spec." + PointerToPath(pointer),
                   "is not a field of v1alpha3: leave it out, or write the whole Experiment as "
                   "kubeflow.org/v1beta1");
  }
  const Json parameters = spec.value("parameters", Json());
  for (std::size_t i = 0; parameters.is_array() && i < parameters.size(); ++i) {
    if (!parameters[i].contains(Json::json_pointer("/feasibleSpace/distribution"))) continue;
    findings.Error(ElementPath("spec.parameters", i) + ".feasibleSpace.distribution",
                   "is not a field of v1alpha3: leave it out, for uniform");
  }
}

void ConvertAlgorithm(Json& spec, FindingList& findings) {
  const auto algorithm = spec.find("algorithm");
  if (algorithm == spec.end() || !algorithm->contains("earlyStopping")) return;
  algorithm->erase("earlyStopping");
  findings.Warning("spec.algorithm.earlyStopping",
                   "has no effect, as under v1alpha3: spec.earlyStopping of v1beta1 stops trials");
}

void ConvertCollector(Json& spec, FindingList& findings) {
  Json* const collector_spec = ObjectIn(spec, "metricsCollectorSpec");
  if (collector_spec == nullptr) return;  // the decoder says what is wrong
  const auto collector = collector_spec->find("collector");
  Json kind = "StdOut";
  if (collector != collector_spec->end() && collector->is_object() && collector->contains("kind")) {
    kind = collector->at("kind");
  }
  if (kind == "None") {
    (*collector)["kind"] = "Push";
    findings.Warning("spec.metricsCollectorSpec.collector.kind",
                     "None is Push of v1beta1: the program reports its metrics itself");
  }
  if (kind != "StdOut" && kind != "File") return;
  Json* const source = ObjectIn(*collector_spec, "source");
  Json* const filter = source == nullptr ? nullptr : ObjectIn(*source, "filter");
  if (filter == nullptr) return;
  Json& formats = (*filter)["metricsFormat"];
  if (formats.empty()) formats = Json::array({kDefaultFilter});
}

}  // namespace

bool IsKatibV1alpha3(const Document& document) {
  return document.value.is_object() && document.value.value("apiVersion", Json()) == kApiVersion;
}

ConvertedExperiment ConvertKatibV1alpha3(const Document& document,
                                         const ConfigMapLookup& config_maps) {
  ConvertedExperiment converted{document, {}};
  Document& experiment = converted.document;
  FindingList findings(&experiment);
  const Json kind = experiment.value.value("kind", Json());
  if (kind != Experiment::kKind) {
    findings.Error("kind", kind.dump() + " of " + kApiVersion +
                               " is not read: of that version only Experiment is, which makes its "
                               "Suggestion and Trials itself");
    converted.findings = findings.Take();
    return converted;
  }
  findings.Warning("apiVersion", std::string(kApiVersion) + " is read as " +
                                     Experiment::kApiVersion +
                                     ": goTemplate becomes spec.trialTemplate.trialSpec");
  experiment.value["apiVersion"] = Experiment::kApiVersion;
  experiment.value.erase("status");  // its metrics have another form, and it is not what is wanted
  Json& spec = experiment.value["spec"];
  if (spec.is_null()) spec = Json::object();
  if (spec.is_object()) {
    CheckNewFields(spec, findings);
    ConvertAlgorithm(spec, findings);
    ConvertCollector(spec, findings);
    if (spec.value("resumePolicy", Json()).is_null()) spec["resumePolicy"] = "LongRunning";
    ConvertGoTrialTemplate(experiment, config_maps, findings);
  }
  converted.findings = findings.Take();
  return converted;
}

}  // namespace lockstep
