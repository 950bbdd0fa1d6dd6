#include "operators/observe/collector_plan.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "operators/api/rank_place.h"

namespace lockstep {
namespace {

// A report is split at white space and =, so that any name can be told from any other; the default
// filter would find loss in val/loss=1, too. A name may have Prometheus labels, loss{set="val"}.
constexpr char kReportFilter[] = R"((?:^|\s)([^\s={]+(?:\{.*?\})?)=(\S*))";
constexpr std::int64_t kLingerSeconds = 60;  // of a collector that a user wrote
constexpr char kScrapeEvery[] = "1s";
// This program, whatever it is called: the launcher, which is lockstep itself, starts the sidecar.
constexpr char kLockstep[] = "/proc/self/exe";

std::string Normal(const std::string& path) {
  std::string normal = std::filesystem::path(path).lexically_normal();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

bool IsWithin(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// The mount that shows `path` to the container; null: none does.
const VolumeMount* MountOf(const Container& container, const std::string& path) {
  const VolumeMount* deepest = nullptr;
  std::size_t depth = 0;
  for (const VolumeMount& mount : container.volume_mounts) {
    const std::string at = Normal(mount.mount_path);
    if (!IsWithin(path, at) || at.size() < depth) continue;
    deepest = &mount;
    depth = at.size();
  }
  return deepest;
}

const Volume* VolumeOf(const PodSpec& pod, const std::string& name) {
  const auto found = std::ranges::find(pod.volumes, name, &Volume::name);
  return found == pod.volumes.end() ? nullptr : &*found;
}

// A new folder for each rank, which no other trial sees.
bool IsOwn(const Volume& volume) {
  return !volume.host_path && !volume.config_map && !volume.claim;
}

RankPlace PrimaryPlace(const TrainingJobSpec& job) {
  return PlaceOfRank(job, PrimaryRankOf(job)).value_or(RankPlace{});
}

std::string RankText(const TrainingJobSpec& job) {
  return "rank " + std::to_string(PrimaryRankOf(job));
}

// Where the primary rank's `path` is, relative to the job directory.
std::string NameInJobDir(const TrainingJobSpec& job, const std::string& path) {
  const std::string normal = Normal(path);
  const JobRole& role = job.roles.at(PrimaryPlace(job).role);
  const Container& program = role.pod_template.spec.containers.at(0);
  const VolumeMount* const mount = MountOf(program, normal);
  CHECK(mount != nullptr) << "PrepareJob mounts a volume there";
  std::string name = "volumes/rank-" + std::to_string(PrimaryRankOf(job)) + "/" + mount->name;
  if (!mount->sub_path.empty()) name += "/" + mount->sub_path;
  return name + normal.substr(Normal(mount->mount_path).size());
}

// The folder that must be the trial's own; nullopt: the collector reads no file of the program's.
std::optional<std::string> FolderOf(const MetricsCollectorSpec& collector) {
  const std::string& kind = collector.collector->kind;
  if (kind != "File" && kind != "TensorFlowEvent" && kind != "Custom") return std::nullopt;
  if (!collector.source || !collector.source->file_system_path) return std::nullopt;
  const FileSystemPath& file = *collector.source->file_system_path;
  const std::string path = Normal(file.path);
  return file.kind == "Directory" ? path : Normal(std::filesystem::path(path).parent_path());
}

Status GiveFolder(const std::string& folder, PodSpec& pod, Container& container) {
  if (const VolumeMount* const mount = MountOf(container, folder)) {
    const Volume* const volume = VolumeOf(pod, mount->name);
    if (volume == nullptr || IsOwn(*volume)) return OkStatus();
    if (Normal(mount->mount_path) == folder) {
      return InvalidArgument("metricsCollectorSpec.source.fileSystemPath: " + folder +
                             " is the volume " + mount->name +
                             ", which trials share: metrics of several would mix there; write them "
                             "to a folder that is no volume, or an emptyDir");
    }
  }
  const Volume* const volume = VolumeOf(pod, kMetricsVolume);
  if (volume != nullptr && !IsOwn(*volume)) {
    return InvalidArgument(
        "the volume metrics-volume is to hold the trial's metrics: make it an "
        "emptyDir, or give it another name");
  }
  if (volume == nullptr) {
    pod.volumes.push_back({.name = kMetricsVolume,
                           .empty_dir = EmptyDirVolume{},
                           .host_path = {},
                           .config_map = {},
                           .claim = {}});
  }
  container.volume_mounts.push_back(
      {.name = kMetricsVolume, .mount_path = folder, .sub_path = {}, .read_only = false});
  return OkStatus();
}

std::string ScrapeUrl(const HttpGet& get) {
  const std::string port = get.port.is_string() ? get.port.get<std::string>() : get.port.dump();
  return "http://127.0.0.1:" + port + get.path;
}

Container Scraper(const HttpGet& get, const ObjectiveSpec& objective) {
  Container container;
  container.name = kCollectorName;
  container.command = {kLockstep, "metrics", "scrape", "--url", ScrapeUrl(get)};
  const auto add = [&](const std::string& metric) {
    container.command.insert(container.command.end(), {"--metric", metric});
  };
  add(objective.objective_metric_name);
  for (const std::string& metric : objective.additional_metric_names) add(metric);
  container.command.insert(container.command.end(), {"--every", kScrapeEvery});
  // $(NAME) in it is nobody's variable.
  for (std::string& word : container.command) {
    for (std::size_t at = 0; (at = word.find('$', at)) != word.npos; at += 2) word.insert(at, "$");
  }
  return container;
}

MetricSource ReportSource(const std::string& metric) {
  return {.name = "push",
          .file = kMetricsFileName,
          .filters = {kReportFilter},
          .told = "what the ranks have reported",
          .hint = "run `lockstep report --metric " + metric + "=VALUE` in a rank"};
}

}  // namespace

int PrimaryRankOf(const TrainingJobSpec& job) {
  return job.metrics_collector ? job.metrics_collector->rank : 0;
}

std::vector<MetricSource> MetricSources(const MetricsCollectorSpec& collector,
                                        const ObjectiveSpec& objective,
                                        const TrainingJobSpec& job) {
  const std::string& metric = objective.objective_metric_name;
  const std::string kind = collector.collector ? collector.collector->kind : "StdOut";
  std::vector<std::string> filters;
  if (collector.source && collector.source->filter) {
    filters = collector.source->filter->metrics_format;
  }
  const std::string log = std::string(kCollectorName) + ".log";
  if (kind == "Push") return {ReportSource(metric)};
  if (kind == "PrometheusMetric") {
    return {{.name = "prometheus",
             .file = log,
             .filters = {kReportFilter},
             .told = "what " + ScrapeUrl(*collector.source->http_get) + " gave",
             .hint = "let " + RankText(job) + " serve " + metric + " there until it ends"}};
  }
  if (kind == "Custom") {
    return {{.name = "custom",
             .file = log,
             .filters = std::move(filters),
             .told = "what the collector printed",
             .hint = "let it print a line with " + metric + "=VALUE"},
            ReportSource(metric)};
  }
  if (kind == "File") {
    const FileSystemPath& file = *collector.source->file_system_path;
    const bool json = file.format == "JSON";
    return {{.name = "file",
             .file = NameInJobDir(job, file.path),
             .format = json ? SourceFormat::kJson : SourceFormat::kText,
             .filters = std::move(filters),
             .told = "the file " + file.path + " of " + RankText(job),
             .hint = json ? "write a line with {\"" + metric + "\": VALUE} to it"
                          : "write a line with " + metric + "=VALUE to it"}};
  }
  if (kind == "TensorFlowEvent") {
    const FileSystemPath& file = *collector.source->file_system_path;
    return {{.name = "events",
             .file = NameInJobDir(job, file.path),
             .format = SourceFormat::kEvents,
             .folder = Normal(file.path),
             .told = "the event files (*tfevents*) below " + file.path + " of " + RankText(job),
             .hint = "write a scalar with the tag " + metric + " there"}};
  }
  return {{.name = kStdOutSource,
           .file = "rank-" + std::to_string(PrimaryRankOf(job)) + ".log",
           .filters = std::move(filters),
           .told = "what " + RankText(job) + " printed",
           .hint = "print a line with " + metric + "=VALUE"}};
}

Status PrepareJob(const MetricsCollectorSpec& collector, const ObjectiveSpec& objective,
                  TrainingJobSpec& job) {
  if (!collector.collector) return OkStatus();
  const std::string& kind = collector.collector->kind;
  const JobCollector fresh{.rank = PrimaryRankOf(job), .sidecar = {}};
  if (kind == "Push" || kind == "Custom") {
    job.metrics_collector.emplace(fresh).metrics_file = true;
  }
  if (kind == "Custom") {
    job.metrics_collector->sidecar = collector.collector->custom_collector;
    job.metrics_collector->sidecar->name = kCollectorName;
    job.metrics_collector->linger_seconds = kLingerSeconds;
  } else if (kind == "PrometheusMetric") {
    job.metrics_collector.emplace(fresh).sidecar = Scraper(*collector.source->http_get, objective);
  }
  const std::optional<std::string> folder = FolderOf(collector);
  if (!folder) return OkStatus();
  for (JobRole& role : job.roles) {
    PodSpec& pod = role.pod_template.spec;
    for (Container& container : pod.containers) {
      LOCKSTEP_RETURN_IF_ERROR(GiveFolder(*folder, pod, container));
    }
  }
  if (kind == "Custom") {
    const RankPlace place = PrimaryPlace(job);
    if (place.index > 0) {
      return InvalidArgument("a custom collector runs beside the first rank of a role, and " +
                             RankText(job) + " is another " + job.roles[place.role].name +
                             ": let primaryPodLabels select the first");
    }
    PodSpec& pod = job.roles.at(place.role).pod_template.spec;
    LOCKSTEP_RETURN_IF_ERROR(GiveFolder(*folder, pod, *job.metrics_collector->sidecar));
  }
  return OkStatus();
}

}  // namespace lockstep
