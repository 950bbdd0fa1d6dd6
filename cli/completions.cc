#include "cli/completions.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "cli/object_name.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

using Words = std::vector<std::string>;

// Where the words before the last one lead.
struct Place {
  const CLI::App* app;                  // the verb, or the verb in it
  std::string verb;                     // the first one
  const CLI::Option* option = nullptr;  // that waits for its value
  Words arguments;                      // neither verbs nor options
  std::string namespace_ = kDefaultNamespace;
};

const CLI::Option* FindOption(const CLI::App& app, std::string_view word) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      const auto matches = [&](const std::string& dashes, const Words& names) {
        return std::ranges::any_of(names,
                                   [&](const std::string& name) { return dashes + name == word; });
      };
      if (matches("--", option->get_lnames()) || matches("-", option->get_snames())) return option;
    }
  }
  return nullptr;
}

Place Walk(const CLI::App& app, const Words& words) {
  Place place{&app, "", nullptr, {}, kDefaultNamespace};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "=") continue;  // bash makes a word of it
    if (place.option != nullptr) {
      if (place.option->check_lname("namespace")) place.namespace_ = word;
      place.option = nullptr;
      continue;
    }
    if (word.starts_with('-')) {
      const CLI::Option* option = FindOption(*place.app, word.substr(0, word.find('=')));
      const bool waits = option != nullptr && option->get_expected_min() > 0 &&
                         word.find('=') == std::string::npos;
      place.option = waits ? option : nullptr;
      continue;
    }
    const auto verbs = place.app->get_subcommands({});
    const auto verb =
        std::ranges::find_if(verbs, [&](const CLI::App* one) { return one->get_name() == word; });
    if (verb == verbs.end()) {
      place.arguments.push_back(word);
      continue;
    }
    place.app = *verb;
    if (place.verb.empty()) place.verb = word;
  }
  return place;
}

Words KindWords() {
  Words words;
  for (const auto* kinds : {&KindNames(), &JobKindNames()}) {
    for (const KindName& kind : *kinds) words.emplace_back(kind.plural);
  }
  return words;
}

// KIND/NAME for a word that has its kind; else the kinds.
Words TypedNames(const std::string& word, const std::string& namespace_, const ObjectNames& names) {
  Words candidates;
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos) return candidates;
  const Result<KindName> kind = FindKind(word.substr(0, slash));
  if (!kind.ok()) return candidates;
  for (const std::string& name : names(std::string(kind->plural), namespace_)) {
    candidates.push_back(word.substr(0, slash + 1) + name);
  }
  return candidates;
}

Words ObjectWords(const Place& place, const std::string& word, const ObjectNames& names) {
  if (word.find('/') != std::string::npos) return TypedNames(word, place.namespace_, names);
  if (place.arguments.empty() || place.arguments.front().find('/') != std::string::npos) {
    Words kinds = place.arguments.empty() ? KindWords() : Words();
    for (const auto* list : {&KindNames(), &JobKindNames()}) {
      for (const KindName& kind : *list) {
        if (kind.kind == kBatchJob) continue;
        kinds.push_back(std::string(kind.plural.substr(0, kind.plural.size() - 1)) + "/");
      }
    }
    if (place.verb == "get" && place.arguments.empty()) kinds.emplace_back("all");
    return kinds;
  }
  const Result<KindName> kind = FindKind(place.arguments.front());
  return kind.ok() ? names(std::string(kind->plural), place.namespace_) : Words();
}

Words LogWords(const Place& place, const std::string& word, const ObjectNames& names) {
  if (word.find('/') != std::string::npos) return TypedNames(word, place.namespace_, names);
  if (!place.arguments.empty()) return {};
  Words words = names("trials", place.namespace_);
  for (const std::string& name : names("trainingjobs", place.namespace_)) words.push_back(name);
  for (const char* kind : {"experiment/", "trial/", "job/", "trainingjob/"}) {
    words.emplace_back(kind);
  }
  return words;
}

Words ArgumentWords(const Place& place, const std::string& word, const ObjectNames& names) {
  static const std::set<std::string> of_objects = {"get",    "describe", "delete", "wait",  "edit",
                                                   "events", "suspend",  "resume", "cancel"};
  if (of_objects.contains(place.verb)) return ObjectWords(place, word, names);
  if (place.verb == "logs") return LogWords(place, word, names);
  if (!place.arguments.empty()) return {};
  if (place.verb == "best" || place.verb == "export") {
    return names("experiments", place.namespace_);
  }
  if (place.verb == "explain") {
    Words kinds;
    for (const KindName& kind : KindNames()) kinds.emplace_back(kind.plural);
    return kinds;
  }
  if (place.verb == "top") return {"jobs", "trials", "experiments", "nodes"};
  if (place.verb == "completion") return {"bash", "zsh", "fish"};
  return {};
}

Words OptionValues(const Place& place, const ObjectNames& names) {
  const CLI::Option& option = *place.option;
  if (option.check_lname("trial")) {
    Words words = names("trials", place.namespace_);
    words.insert(words.begin(), {"best", "latest"});
    return words;
  }
  if (option.check_lname("output") && place.verb == "get") {
    return {"json", "yaml", "wide", "name", "csv", "jsonpath=", "custom-columns="};
  }
  static const std::map<std::string, Words> known = {
      {"for",
       {"condition=Succeeded", "condition=Complete", "condition=Failed", "condition=Running",
        "jsonpath=", "create", "delete"}},
      {"validate", {"strict", "warn", "ignore"}},
      {"cascade", {"foreground", "background"}},
      {"to", {"csv", "json", "optuna"}},
      {"types", {"Normal", "Warning"}},
      {"format", {"TEXT", "JSON"}},
      {"compat", {"katib"}},
      {"rank", {"all"}},
      {"runtime", {"process", "podman"}}};
  for (const auto& [name, values] : known) {
    if (option.check_lname(name)) return values;
  }
  const bool of_files = place.verb == "export" || place.verb == "get";
  if (option.check_lname("output") && !of_files) return {"json", "yaml", "name"};
  return {};
}

Words OptionNames(const CLI::App& app) {
  Words words;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

}  // namespace

Words Completions(const CLI::App& app, const Words& words, const ObjectNames& names) {
  if (words.empty()) return {};
  Place place = Walk(app, words);
  std::string word = words.back() == "=" ? "" : words.back();
  std::string before;  // stays in front of each candidate
  Words candidates;
  const std::size_t equals = word.find('=');
  if (place.option == nullptr && word.starts_with("--") && equals != std::string::npos) {
    place.option = FindOption(*place.app, word.substr(0, equals));
    if (place.option == nullptr) return {};
    before = word.substr(0, equals + 1);
    word.erase(0, equals + 1);
  }
  if (place.option != nullptr) {
    candidates = OptionValues(place, names);
  } else if (word.starts_with('-')) {
    candidates = OptionNames(*place.app);
  } else if (const auto verbs = place.app->get_subcommands({}); !verbs.empty()) {
    for (const CLI::App* verb : verbs) candidates.push_back(verb->get_name());
  } else {
    candidates = ArgumentWords(place, word, names);
  }
  std::erase_if(candidates, [&](const std::string& one) { return !one.starts_with(word); });
  for (std::string& candidate : candidates) candidate.insert(0, before);
  std::ranges::sort(candidates);
  candidates.erase(std::ranges::unique(candidates).begin(), candidates.end());
  return candidates;
}

std::string CompletionScript(const std::string& shell) {
  if (shell == "fish") {
    return "# source <(lockstep completion fish), or save as ~/.config/fish/completions/"
           "lockstep.fish\n"
           "function __lockstep_complete\n"
           "  set -l words (commandline -opc) (commandline -ct)\n"
           "  $words[1] __complete $words[2..] 2>/dev/null\n"
           "end\n"
           "complete -c lockstep -e\n"
           "complete -c lockstep -a '(__lockstep_complete)'\n";
  }
  if (shell == "zsh") {
    return "#compdef lockstep\n"
           "# source <(lockstep completion zsh), after compinit\n"
           "_lockstep() {\n"
           "  local -a candidates more\n"
           "  candidates=(\"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" "
           "2>/dev/null)}\")\n"
           "  more=(${(M)candidates:#*[/=]})\n"
           "  candidates=(${candidates:#*[/=]})\n"
           "  (( ${#more} )) && compadd -Q -S '' -a more\n"
           "  (( ${#candidates} )) && compadd -Q -a candidates\n"
           "  (( ${#more} + ${#candidates} )) || _files\n"
           "}\n"
           "compdef _lockstep lockstep\n";
  }
  return "# source <(lockstep completion bash)\n"
         "_lockstep() {\n"
         "  local IFS=$'\\n'\n"
         "  COMPREPLY=($(\"${COMP_WORDS[0]}\" __complete "
         "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
         "  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]] && compopt -o nospace "
         "2>/dev/null\n"
         "  return 0\n"
         "}\n"
         "complete -o default -F _lockstep lockstep\n";
}

}  // namespace lockstep
