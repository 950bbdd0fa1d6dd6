#include <charconv>

#include "operators/admission/rules.h"
#include "operators/observe/log_parser.h"

namespace lockstep {
namespace {

constexpr char kPath[] = "spec.metricsCollectorSpec";
constexpr char kSource[] = "spec.metricsCollectorSpec.source";
constexpr char kFile[] = "spec.metricsCollectorSpec.source.fileSystemPath";
constexpr char kGet[] = "spec.metricsCollectorSpec.source.httpGet";
constexpr char kCustom[] = "spec.metricsCollectorSpec.collector.customCollector";
constexpr int kPortMax = 65535;

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

void CheckKind(const std::string& kind, FindingList& findings) {
  const std::string path = std::string(kPath) + ".collector.kind";
  if (kind == "None") {
    findings.Error(path,
                   "None is no collector any more, as in Katib since v0.18: use Push, which "
                   "takes what the program reports");
    return;
  }
  CheckChoice(kind, "metrics collector",
              {"StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "Push"}, path,
              findings);
}

void CheckAbsolute(const FileSystemPath& file, FindingList& findings) {
  if (file.path.starts_with('/')) return;
  findings.Error(std::string(kFile) + ".path",
                 file.path.empty() ? "is missing: where does the program write its metrics?"
                                   : Quoted(file.path) + " must be absolute: begin it with /");
}

void CheckFile(const MetricsSource& source, FindingList& findings) {
  const FileSystemPath& file = *source.file_system_path;  // defaults have set it
  CheckAbsolute(file, findings);
  if (file.kind != "File") {
    findings.Error(std::string(kFile) + ".kind",
                   Quoted(file.kind) + " is not what the File collector reads: use File");
  }
  if (file.format != "TEXT" && file.format != "JSON") {
    findings.Error(std::string(kFile) + ".format",
                   Quoted(file.format) + " is not known: use TEXT or JSON");
  }
  if (file.format == "JSON" && source.filter) {
    findings.Error(std::string(kSource) + ".filter",
                   "is for TEXT alone: JSON is read by its keys; leave it out");
  }
}

void CheckEvents(const FileSystemPath& folder, FindingList& findings) {
  CheckAbsolute(folder, findings);
  if (folder.kind != "Directory") {
    findings.Error(std::string(kFile) + ".kind",
                   Quoted(folder.kind) + " is not where event files are: use Directory");
  }
  if (!folder.format.empty()) {
    findings.Error(std::string(kFile) + ".format",
                   "must be empty: event files have a format of their own");
  }
}

void CheckHttpGet(const HttpGet& get, FindingList& findings) {
  const std::string typed = get.port.is_string() ? get.port.get<std::string>() : get.port.dump();
  int port = 0;
  const auto read = std::from_chars(typed.data(), typed.data() + typed.size(), port);
  if (read.ec != std::errc() || read.ptr != typed.data() + typed.size() || port <= 0 ||
      port > kPortMax) {
    findings.Error(std::string(kGet) + ".port", typed + " is no port: use 1 to 65535");
  }
  if (!get.path.starts_with('/') || get.path.find_first_of(" \t\r\n") != get.path.npos) {
    findings.Error(std::string(kGet) + ".path",
                   Quoted(get.path) + " is no path: begin it with /, without white space");
  }
  if (!get.scheme.empty() && get.scheme != "HTTP") {
    findings.Unsupported(std::string(kGet) + ".scheme", Quoted(get.scheme) +
                                                            " is not supported yet: "
                                                            "serve metrics over HTTP");
  }
  if (!get.host.empty() && get.host != "127.0.0.1" && get.host != "localhost") {
    findings.Error(
        std::string(kGet) + ".host",
        Quoted(get.host) + ": metrics are those of the trial's own rank 0; leave it out");
  }
}

void CheckCustom(const MetricsCollectorSpec& collector, FindingList& findings) {
  if (!collector.collector->custom_collector) {
    findings.Error(kCustom, "is missing: which program collects the metrics?");
  }
  if (!collector.source || !collector.source->file_system_path) return;
  const FileSystemPath& file = *collector.source->file_system_path;
  CheckAbsolute(file, findings);
  if (file.kind != "File" && file.kind != "Directory") {
    findings.Error(std::string(kFile) + ".kind",
                   Quoted(file.kind) + " is not known: use File or Directory");
  }
}

void CheckFilters(const ExperimentSpec& spec, const MetricsFilter& filter, FindingList& findings) {
  const auto& filters = filter.metrics_format;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    LogParserOptions options;
    if (spec.objective) options.metrics = {spec.objective->objective_metric_name};
    options.filters = {filters[i]};
    if (const auto parser = LogParser::Create(std::move(options)); !parser.ok()) {
      findings.Error(ElementPath(std::string(kSource) + ".filter.metricsFormat", i),
                     parser.status().message());
    }
  }
}

// What Katib takes, and cannot run on one machine.
void CheckCollectorHere(const ExperimentSpec& spec, FindingList& findings) {
  const MetricsCollectorSpec& collector = *spec.metrics_collector_spec;
  const std::string& kind = collector.collector->kind;
  // Trials are processes here, and have no address of their own.
  if (kind == "PrometheusMetric" && spec.parallel_trial_count.value_or(1) > 1) {
    findings.Unsupported(
        "spec.parallelTrialCount",
        "is " + std::to_string(*spec.parallel_trial_count) +
            ", but on one machine all trials would serve their metrics at one port: "
            "write 1, or use another collector than PrometheusMetric");
  }
  const auto& custom = collector.collector->custom_collector;
  if (kind == "Custom" && custom && custom->command.empty()) {
    findings.Unsupported(
        std::string(kCustom) + ".command",
        "is missing: a process on this machine has no image to take its program from; "
        "name the program");
  }
  if (!collector.source || !collector.source->file_system_path) return;
  const std::string& path = collector.source->file_system_path->path;
  const bool file = collector.source->file_system_path->kind != "Directory";
  const std::size_t last = path.find_last_not_of('/');
  const bool in_root = last == path.npos || (file && path.rfind('/', last) == 0);
  if (path.starts_with('/') && in_root && (kind == "File" || kind == "TensorFlowEvent")) {
    findings.Unsupported(std::string(kFile) + ".path",
                         Quoted(path) +
                             " is in the root folder, which cannot be the trial's own: write "
                             "metrics to a folder below it");
  }
}

}  // namespace

void CheckCollector(const ExperimentSpec& spec, FindingList& findings) {
  if (!spec.metrics_collector_spec || !spec.metrics_collector_spec->collector) return;
  const MetricsCollectorSpec& collector = *spec.metrics_collector_spec;
  const std::string& kind = collector.collector->kind;
  CheckKind(kind, findings);
  if (kind == "File") CheckFile(*collector.source, findings);
  if (kind == "TensorFlowEvent") CheckEvents(*collector.source->file_system_path, findings);
  if (kind == "PrometheusMetric") CheckHttpGet(*collector.source->http_get, findings);
  if (kind == "Custom") CheckCustom(collector, findings);
  CheckCollectorHere(spec, findings);
  // Push has none to use, and Katib says nothing of one.
  if (kind != "Push" && collector.source && collector.source->filter) {
    CheckFilters(spec, *collector.source->filter, findings);
  }
}

}  // namespace lockstep
