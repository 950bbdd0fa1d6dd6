#include "operators/convert/trial_template_source.h"

#include "operators/api/did_you_mean.h"

namespace lockstep {
namespace {

Result<TrialTemplateSource> ReadText(const std::string& text, const std::string& file) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<Document> documents, ParseYaml(text, file));
  if (documents.empty() || !documents.front().value.is_object()) {
    return InvalidArgument(file + ": holds no object: write the manifest of a trial's job");
  }
  return TrialTemplateSource{std::move(documents.front()), text, true};
}

}  // namespace

Result<TrialTemplateSource> ReadTrialTemplate(const TrialTemplate& trial_template,
                                              const ConfigMapLookup& config_maps) {
  if (!trial_template.config_map) {
    const Json& job = trial_template.trial_spec;
    if (!job.is_object()) return InvalidArgument("trialSpec: is missing or no object");
    return TrialTemplateSource{{"", job, {}},
                               job.dump(-1, ' ', false, Json::error_handler_t::replace)};
  }
  if (!trial_template.trial_spec.is_null()) {
    return InvalidArgument("there are both a trialSpec and a configMap: keep one");
  }
  const auto& [name, namespace_, key] = *trial_template.config_map;
  const std::string where = "the ConfigMap " + namespace_ + "/" + name;
  if (!config_maps) return Unavailable(where + " cannot be looked up here");
  const Result<ConfigMap> map = config_maps(namespace_, name);
  if (map.status().kind() == StatusKind::kNotFound) {
    return InvalidArgument("there is no ConfigMap " + namespace_ + "/" + name +
                           " to take the trial's job from: apply it first, or in the same file");
  }
  if (!map.ok()) return map.status();
  const auto text = map->data.find(key);
  if (text == map->data.end()) {
    std::vector<std::string_view> keys;
    for (const auto& [known, value] : map->data) keys.emplace_back(known);
    return InvalidArgument(where + " has no key \"" + key + "\"" + DidYouMean(key, keys));
  }
  return ReadText(text->second, where + ", " + key);
}

}  // namespace lockstep
