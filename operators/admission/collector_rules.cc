#include "operators/admission/rules.h"
#include "operators/observe/log_parser.h"

namespace lockstep {

void CheckCollector(const ExperimentSpec& spec, FindingList& findings) {
  if (!spec.metrics_collector_spec) return;
  const std::string path = "spec.metricsCollectorSpec";
  const MetricsCollectorSpec& collector_spec = *spec.metrics_collector_spec;
  if (collector_spec.collector) {
    const std::string& kind = collector_spec.collector->kind;
    CheckChoice(kind, "metrics collector",
                {"StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "Push"},
                path + ".collector.kind", findings);
    if (kind != "StdOut") {
      findings.Error(path + ".collector.kind",
                     kind + " is not supported yet: print metrics and use StdOut");
    }
    if (!collector_spec.collector->custom_collector.is_null()) {
      findings.Error(path + ".collector.customCollector", "is not supported yet");
    }
  }
  if (!collector_spec.source) return;
  const MetricsSource& source = *collector_spec.source;
  if (!source.http_get.is_null()) {
    findings.Error(path + ".source.httpGet", "is not supported yet: StdOut fetches nothing");
  }
  if (source.file_system_path) {
    findings.Error(path + ".source.fileSystemPath", "is not supported yet: StdOut reads no file");
  }
  if (!source.filter) return;
  const auto& filters = source.filter->metrics_format;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    LogParserOptions options;
    if (spec.objective) options.metrics = {spec.objective->objective_metric_name};
    options.filters = {filters[i]};
    if (const auto parser = LogParser::Create(std::move(options)); !parser.ok()) {
      findings.Error(ElementPath(path + ".source.filter.metricsFormat", i),
                     parser.status().message());
    }
  }
}

}  // namespace lockstep
