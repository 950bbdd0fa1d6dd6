#include "operators/convert/go_trial_template.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <span>

#include "operators/api/experiment.h"
#include "operators/codec/text_field.h"
#include "operators/convert/go_template.h"
#include "operators/convert/trial_placeholders.h"

namespace lockstep {
namespace {

constexpr char kRawPath[] = "spec.trialTemplate.goTemplate.rawTemplate";
constexpr char kTemplateSpecPath[] = "spec.trialTemplate.goTemplate.templateSpec";
constexpr char kTrialSpecPath[] = "spec.trialTemplate.trialSpec";
constexpr char kTrialSpecPointer[] = "/spec/trialTemplate/trialSpec";
// Of a container that was named after its trial.
constexpr char kContainerName[] = "training-container";

constexpr std::string_view kJobPods[] = {"/spec/template"};
constexpr std::string_view kTfPods[] = {
    "/spec/tfReplicaSpecs/Chief/template", "/spec/tfReplicaSpecs/Master/template",
    "/spec/tfReplicaSpecs/Worker/template", "/spec/tfReplicaSpecs/PS/template"};
constexpr std::string_view kPyTorchPods[] = {"/spec/pytorchReplicaSpecs/Master/template",
                                             "/spec/pytorchReplicaSpecs/Worker/template"};

// What v1alpha3 knows. The metrics are those of the first of `pods` that there is.
struct KindRow {
  std::string_view api_version;
  std::string_view kind;
  std::span<const std::string_view> pods;
};
constexpr KindRow kKinds[] = {{"batch/v1", "Job", kJobPods},
                              {"kubeflow.org/v1", "TFJob", kTfPods},
                              {"kubeflow.org/v1", "PyTorchJob", kPyTorchPods}};

// The assignments that an architecture search makes.
std::vector<std::string> NasParameters(const Json& spec) {
  const Json::json_pointer name("/algorithm/algorithmName");
  const std::string algorithm =
      spec.contains(name) && spec.at(name).is_string() ? spec.at(name).get<std::string>() : "";
  if (algorithm == "darts") return {"algorithm-settings", "search-space", "num-layers"};
  return {"architecture", "nn_config"};
}

// "LINE:COLUMN: what" of a template or of its YAML; no place: {}.
std::pair<Position, std::string> SplitPlace(std::string_view message) {
  Position place;
  const char* const end = message.data() + message.size();
  const auto line = std::from_chars(message.data(), end, place.line);
  if (line.ec != std::errc() || line.ptr == end) return {{}, std::string(message)};
  const auto column = std::from_chars(line.ptr + 1, end, place.column);
  if (column.ec != std::errc()) return {{}, std::string(message)};
  const auto rest = message.substr(static_cast<std::size_t>(column.ptr - message.data()));
  return {place, std::string(rest.substr(std::min<std::size_t>(2, rest.size())))};
}

// Empty when it is no list: the decoder says what is wrong.
Json ParametersOf(const Json& spec) {
  Json parameters = spec.value("parameters", Json());
  return parameters.is_array() ? parameters : Json::array();
}

class TemplateConverter {
 public:
  TemplateConverter(Document& experiment, const ConfigMapLookup& config_maps, FindingList& findings)
      : experiment_(experiment),
        config_maps_(config_maps),
        findings_(findings),
        spec_(experiment.value["spec"]),
        placeholders_(experiment.value.dump()) {}

  void Convert() {
    const Json old = spec_.value("trialTemplate", Json());
    spec_.erase("trialTemplate");
    const std::optional<std::string> raw = RawTemplate(old);
    if (!raw) return;
    const auto rendered = Render(*raw);
    if (!rendered.ok()) return TemplateError(rendered.status().message());
    lines_ = rendered->lines;
    auto documents = ParseYaml(rendered->text, "");
    if (!documents.ok()) return YamlError(documents.status().message());
    if (documents->size() != 1 || !documents->front().value.is_object()) {
      return findings_.Error(kRawPath, "must render one object: the manifest of a trial's job");
    }
    TakeMarks(documents->front());
    Json job = std::move(documents->front().value);
    DropName(job);
    const std::string container = NamePrimaryContainer(job);
    Json trial_template = {{"primaryContainerName", container},
                           {"trialSpec", placeholders_.ReplaceAll(job)}};
    trial_template["trialParameters"] = placeholders_.TrialParameters();
    if (old.is_null()) trial_template["retain"] = true;  // as Katib's own default
    if (old.contains("retain")) trial_template["retain"] = old["retain"];
    spec_["trialTemplate"] = std::move(trial_template);
    CheckUse();
  }

 private:
  // nullopt: it is not there, which is a finding.
  std::optional<std::string> RawTemplate(const Json& old) {
    if (old.is_null()) {  // as Katib has it when it is installed
      return TextOfConfigMap({"trial-template", "kubeflow", "defaultTrialTemplate.yaml"},
                             "spec.trialTemplate");
    }
    const auto go = old.is_object() ? old.find("goTemplate") : old.end();
    if (go == old.end() || !go->is_object()) {
      findings_.Error("spec.trialTemplate.goTemplate",
                      "is missing: write the Go template of a trial's job as its rawTemplate");
      return std::nullopt;
    }
    if (const auto source = go->find("templateSpec"); source != go->end() && !source->is_null()) {
      return TextOfConfigMap(
          {TextField(*source, "configMapName"), TextField(*source, "configMapNamespace"),
           TextField(*source, "templatePath")},
          kTemplateSpecPath);
    }
    const auto raw = go->find("rawTemplate");
    if (raw == go->end() || !raw->is_string()) {
      findings_.Error(kRawPath, "is missing: the Go template of a trial's job, as text");
      return std::nullopt;
    }
    raw_mark_ = experiment_.MarkOf("/spec/trialTemplate/goTemplate/rawTemplate");
    return raw->get<std::string>();
  }

  // The text becomes the Experiment's own: a later edit of the ConfigMap does not reach it.
  std::optional<std::string> TextOfConfigMap(const ConfigMapSource& source, const char* path) {
    raw_mark_.position = experiment_.MarkOf(PathToPointer(path)).position;
    const std::string where =
        "the ConfigMap " + source.config_map_namespace + "/" + source.config_map_name;
    const auto map = config_maps_
                         ? config_maps_(source.config_map_namespace, source.config_map_name)
                         : Result<ConfigMap>(Unavailable(where + " cannot be looked up here"));
    if (!map.ok()) {
      findings_.Error(path, "the Go template of a trial's job is in " + where +
                                ", which is not here: " + map.status().message() +
                                "; put it into the same files, or paste the text of its key \"" +
                                source.template_path + "\" as goTemplate.rawTemplate");
      return std::nullopt;
    }
    const auto text = map->data.find(source.template_path);
    if (text == map->data.end()) {
      findings_.Error(path, where + " has no key \"" + source.template_path + "\"");
      return std::nullopt;
    }
    findings_.Warning(path, "is taken from " + where + ", " + source.template_path +
                                ", as it is now: later edits of it have no effect");
    return text->second;
  }

  Result<RenderedGoTemplate> Render(const std::string& raw) {
    trial_ = placeholders_.Add("trialName", "${trialSpec.Name}");
    namespace_ = placeholders_.Add("trialNamespace", "${trialSpec.Namespace}");
    Json hyper_parameters = Json::array();
    const auto add = [&](const std::string& name) {
      hyper_parameters.push_back({{"Name", name}, {"Value", placeholders_.Add(name, name)}});
    };
    const Json parameters = ParametersOf(spec_);
    for (const Json& parameter : parameters) add(TextField(parameter, "name"));
    if (parameters.empty() && spec_.contains("nasConfig")) {
      for (const std::string& name : NasParameters(spec_)) add(name);
    }
    GoTemplateOptions options;
    options.unknown = placeholders_.prefix();
    return RenderGoTemplate(raw,
                            {{"Experiment", ExperimentName()},
                             {"Trial", trial_},
                             {"NameSpace", namespace_},
                             {"HyperParameters", std::move(hyper_parameters)}},
                            options);
  }

  std::string ExperimentName() const {
    return TextField(experiment_.value.value("metadata", Json()), "name");
  }

  // The place in the file of a place in the template; its beginning, when the file does not hold
  // the template's own lines.
  Position PlaceOf(Position inner) const {
    if (raw_mark_.block_indent < 0 || inner.line == 0) return raw_mark_.position;
    return {raw_mark_.position.line + inner.line, raw_mark_.block_indent + inner.column};
  }
  // One behind the last column of a line of the template.
  int EndOfLine(int line) const {
    std::string_view rest = raw_mark_.source;
    for (int i = 1; i < line; ++i)
      rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    return static_cast<int>(rest.substr(0, rest.find('\n')).size()) + 1;
  }
  // The same of a place in the rendered text, whose lines may be longer: values stand in them.
  Position PlaceOfRendered(Position rendered) const {
    if (rendered.line < 1 || lines_.empty()) return raw_mark_.position;
    const std::size_t line = std::min(static_cast<std::size_t>(rendered.line), lines_.size());
    const int of_template = lines_[line - 1];
    return PlaceOf({of_template, std::min(rendered.column, EndOfLine(of_template))});
  }

  void TemplateError(const std::string& message) {
    const auto [place, what] = SplitPlace(message);
    const std::string line =
        raw_mark_.block_indent < 0 ? "line " + std::to_string(place.line) + ": " : "";
    findings_.ErrorAt(PlaceOf(place), kRawPath, line + placeholders_.Replace(what));
  }

  void YamlError(const std::string& message) {
    const auto [place, what] = SplitPlace(message.substr(message.starts_with(':') ? 1 : 0));
    findings_.ErrorAt(PlaceOfRendered(place), kRawPath,
                      "the rendered job is no YAML: " + placeholders_.Replace(what));
  }

  void TakeMarks(const Document& job) {
    experiment_.marks["/spec/trialTemplate/goTemplate/rawTemplate"] = raw_mark_;
    for (const auto& [pointer, mark] : job.marks) {
      experiment_.marks[kTrialSpecPointer + placeholders_.Replace(pointer)] = {
          PlaceOfRendered(mark.position), placeholders_.Replace(mark.source)};
    }
  }

  // v1alpha3 wants the trial's own name and namespace in the template, v1beta1 gives them.
  void DropName(Json& job) {
    if (!job.contains("metadata") || !job["metadata"].is_object()) {
      return findings_.Error(kTrialSpecPath, "metadata.name is missing: write {{.Trial}}");
    }
    Json& meta = job["metadata"];
    if (TextField(meta, "name") != trial_) {
      findings_.Error(FieldPath(FieldPath(kTrialSpecPath, "metadata"), "name"),
                      "must be {{.Trial}} and nothing else: a trial's job is found by it");
    }
    if (meta.contains("namespace") && TextField(meta, "namespace") != namespace_) {
      findings_.Error(FieldPath(FieldPath(kTrialSpecPath, "metadata"), "namespace"),
                      "must be {{.NameSpace}}, or left out: a trial runs in the Experiment's "
                      "namespace");
    }
    meta.erase("name");
    meta.erase("namespace");
    if (meta.empty()) job.erase("metadata");
  }

  // The name of the container that v1alpha3 reads metrics from: the first one.
  std::string NamePrimaryContainer(Json& job) {
    std::string known;
    for (const KindRow& row : kKinds) {
      known +=
          (known.empty() ? "" : ", ") + std::string(row.api_version) + " " + std::string(row.kind);
      if (TextField(job, "kind") != row.kind || TextField(job, "apiVersion") != row.api_version)
        continue;
      for (const std::string_view pod : row.pods) {
        const Json::json_pointer place(std::string(pod) + "/spec/containers/0");
        if (job.contains(place) && job.at(place).is_object()) return NameContainer(job.at(place));
      }
      findings_.Error(FieldPath(kTrialSpecPath, "spec"),
                      "has no container: what does a trial run?");
      return kContainerName;
    }
    findings_.Error(FieldPath(kTrialSpecPath, "kind"),
                    "\"" + TextField(job, "apiVersion") + " " + TextField(job, "kind") +
                        "\" is not a kind of job that v1alpha3 knows: use " + known);
    return kContainerName;
  }

  // v1beta1 does not replace placeholders in primaryContainerName, so the name must be fixed.
  std::string NameContainer(Json& container) const {
    const std::string name = TextField(container, "name");
    if (!name.empty() && name.find(placeholders_.prefix()) == std::string::npos) return name;
    container["name"] = kContainerName;
    return kContainerName;
  }

  // v1beta1 has no parameter that reaches no trial.
  void CheckUse() {
    constexpr std::size_t kFirst = 2;  // behind the trial's name and namespace
    const Json parameters = ParametersOf(spec_);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (placeholders_.used(kFirst + i)) continue;
      findings_.Error(ElementPath("spec.parameters", i),
                      "\"" + TextField(parameters[i], "name") +
                          "\" reaches no trial: goTemplate never prints its .Value");
    }
  }

  Document& experiment_;
  const ConfigMapLookup& config_maps_;
  FindingList& findings_;
  Json& spec_;
  TrialPlaceholders placeholders_;
  std::string trial_;
  std::string namespace_;
  Mark raw_mark_;
  std::vector<int> lines_;
};

}  // namespace

void ConvertGoTrialTemplate(Document& experiment, const ConfigMapLookup& config_maps,
                            FindingList& findings) {
  TemplateConverter(experiment, config_maps, findings).Convert();
}

}  // namespace lockstep
