#include "operators/convert/trial_template.h"

#include <limits>
#include <map>

#include "operators/codec/scalar.h"

namespace lockstep {
namespace {

constexpr std::string_view kOpen = kPlaceholderOpen;

using Values = std::map<std::string, std::string>;  // by trial parameter

Result<Values> CollectValues(const RenderRequest& request, const Json& job) {
  Values assigned;
  for (const ParameterAssignment& assignment : request.assignments) {
    if (!assigned.emplace(assignment.name, assignment.value).second) {
      return InvalidArgument("the parameter " + assignment.name + " is assigned twice");
    }
  }
  Values values;
  std::map<std::string, bool> used;
  for (const TrialParameterSpec& parameter : request.trial_template.trial_parameters) {
    if (parameter.reference.find(kTrialMetadataOpen) != std::string::npos) {
      LOCKSTEP_ASSIGN_OR_RETURN(
          values[parameter.name],
          TrialMetadata(job, {request.trial_name, request.trial_namespace}, parameter.reference));
      continue;
    }
    const auto assignment = assigned.find(parameter.reference);
    if (assignment == assigned.end()) {
      return InvalidArgument("trial parameter " + parameter.name + " refers to the parameter " +
                             parameter.reference + ", which has no assignment");
    }
    values[parameter.name] = assignment->second;
    used[parameter.reference] = true;
  }
  for (const auto& [name, value] : assigned) {
    if (!used.contains(name)) {
      return InvalidArgument("the parameter " + name +
                             " is assigned, but no trial parameter refers to it");
    }
  }
  return values;
}

class Renderer {
 public:
  Renderer(const Values& values, const TrialTemplateSource& source)
      : values_(values), source_(source) {}

  Status Render(Json& json, const std::string& pointer, bool text_only) {
    if (json.is_string()) return RenderText(json, pointer, text_only);
    if (json.is_array()) {
      for (std::size_t i = 0; i < json.size(); ++i) {
        LOCKSTEP_RETURN_IF_ERROR(Render(json[i], pointer + "/" + std::to_string(i), text_only));
      }
    } else if (json.is_object()) {
      Json rendered = Json::object();
      for (auto& [name, value] : json.items()) {
        std::string below = pointer;
        AppendToPointer(below, name);
        LOCKSTEP_ASSIGN_OR_RETURN(const std::string key, Replace(name, below));
        LOCKSTEP_RETURN_IF_ERROR(Render(value, below, text_only || HoldsText(name)));
        if (rendered.contains(key)) {
          return InvalidArgument(below + ": two fields become \"" + key + "\"");
        }
        rendered[key] = std::move(value);
      }
      json = std::move(rendered);
    }
    return OkStatus();
  }

 private:
  static bool HoldsText(std::string_view name) {
    return name == "command" || name == "args" || name == "env" || name == "labels" ||
           name == "annotations";
  }

  // One pass: what a value brings in is never looked at again.
  Result<std::string> Replace(const std::string& text, const std::string& pointer) const {
    std::string result;
    std::size_t at = 0;
    while (true) {
      const std::size_t open = text.find(kOpen, at);
      const std::size_t close = open == std::string::npos ? open : text.find('}', open);
      if (close == std::string::npos) return result.append(text, at);
      const std::size_t begin = open + kOpen.size();
      const std::string name = text.substr(begin, close - begin);
      const auto value = values_.find(name);
      if (value == values_.end()) {
        return InvalidArgument(pointer + ": the placeholder ${trialParameters." + name +
                               "} has no entry in trialParameters");
      }
      result.append(text, at, open - at).append(value->second);
      at = close + 1;
    }
  }

  Status RenderText(Json& json, const std::string& pointer, bool text_only) const {
    const std::string text = json.get<std::string>();
    LOCKSTEP_ASSIGN_OR_RETURN(std::string rendered, Replace(text, pointer));
    const bool held_one = text.find(kOpen) != std::string::npos;
    json = rendered;
    if (text_only || !held_one) return OkStatus();
    if (source_.in_config_map) return ResolvePlain(rendered, pointer, json);
    const bool one_placeholder = text.rfind(kOpen, 0) == 0 && text.find('}') == text.size() - 1;
    Json number = one_placeholder ? Json::parse(rendered, nullptr, false) : Json();
    if (number.is_number()) json = std::move(number);
    return OkStatus();
  }

  Status ResolvePlain(const std::string& rendered, const std::string& pointer, Json& json) const {
    const auto mark = source_.job.marks.find(pointer);
    if (mark == source_.job.marks.end() || !mark->second.plain || rendered.empty()) {
      return OkStatus();
    }
    Json resolved = ResolvePlainScalar(rendered);
    if (resolved.is_discarded()) {
      return InvalidArgument(pointer + ": " + rendered +
                             " is not a number JSON knows: put the placeholder in quotes if it is "
                             "text");
    }
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const bool wide = resolved.is_number_unsigned() && resolved.get<std::uint64_t>() > kMax;
    json = wide ? Json(resolved.get<double>()) : std::move(resolved);  // as an API server does
    return OkStatus();
  }

  const Values& values_;
  const TrialTemplateSource& source_;
};

}  // namespace

Result<std::string> TrialMetadata(const Json& job, const TrialIdentity& trial,
                                  const std::string& reference) {
  const std::size_t end = reference.find('}');
  const std::string name =
      reference.substr(kTrialMetadataOpen.size(), end - kTrialMetadataOpen.size());
  const Status bad =
      InvalidArgument("\"" + reference +
                      "\" is no reference to the trial: use exactly ${trialSpec.Name}, Namespace, "
                      "Kind, APIVersion, Annotations[k] or Labels[k]");
  if (reference.rfind(kTrialMetadataOpen, 0) != 0 || end != reference.size() - 1) return bad;
  if (name == "Name") return trial.name;
  if (name == "Namespace") return trial.namespace_;
  const auto text = [&](const char* field) {
    return job.contains(field) && job.at(field).is_string() ? job.at(field).get<std::string>() : "";
  };
  if (name == "Kind") return text("kind");
  if (name == "APIVersion") return text("apiVersion");
  const std::size_t bracket = name.find('[');
  if (bracket == std::string::npos || name.back() != ']' || name.size() < bracket + 3) return bad;
  const std::string field = name.substr(0, bracket);
  const std::string key = name.substr(bracket + 1, name.size() - bracket - 2);
  if (field != "Annotations" && field != "Labels") return bad;
  Json::json_pointer pointer("/metadata");
  pointer /= field == "Labels" ? "labels" : "annotations";
  pointer /= key;
  if (!job.contains(pointer) || !job.at(pointer).is_string()) {
    return InvalidArgument("\"" + reference + "\": the template's metadata has no such " +
                           (field == "Labels" ? "label" : "annotation"));
  }
  return job.at(pointer).get<std::string>();
}

Result<Json> RenderTrial(const RenderRequest& request) {
  LOCKSTEP_ASSIGN_OR_RETURN(const TrialTemplateSource source,
                            ReadTrialTemplate(request.trial_template, request.config_maps));
  Json job = source.job.value;
  for (const char* const name : {"apiVersion", "kind"}) {
    if (!job.contains(name) || !job.at(name).is_string()) {
      return InvalidArgument("/" + std::string(name) + ": is missing or no string");
    }
  }
  if (job.contains("metadata") && !job["metadata"].is_object() && !job["metadata"].is_null()) {
    return InvalidArgument("/metadata: expected an object");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const Values values, CollectValues(request, source.job.value));
  LOCKSTEP_RETURN_IF_ERROR(Renderer(values, source).Render(job, "", false));
  job["metadata"]["name"] = request.trial_name;
  job["metadata"]["namespace"] = request.trial_namespace;
  return job;
}

}  // namespace lockstep
