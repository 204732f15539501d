using System.Globalization;
using Fabric.Bgp.Benchmarks.Scenarios;

namespace Fabric.Bgp.Benchmarks;

/// <summary>What to measure.</summary>
/// <param name="Scenarios">Which of shared, own, constraint, slow and growth.</param>
/// <param name="Speakers">Which of relay, frr, gobgp and fabric.</param>
/// <param name="Clients">How many receive.</param>
/// <param name="Routes">How many routes.</param>
/// <param name="GoBgpRoutes">The same for GoBGP, whose time grows with the square.</param>
/// <param name="Members">Clients that ask for route targets.</param>
/// <param name="MemberRoutes">Routes of which they want some.</param>
/// <param name="SlowRoutes">Routes that one client of three does not read.</param>
/// <param name="GrowthRoutes">Points of the curve.</param>
/// <param name="Changes">Single changes with the table full.</param>
/// <param name="Repeat">How often each cell is measured.</param>
/// <param name="Limit">How long one may take.</param>
/// <param name="Fabricd">Path of fabricd.</param>
/// <param name="FrrLines">More lines of FRR's configuration, below "router bgp".</param>
public sealed record Options(
    string[] Scenarios,
    string[] Speakers,
    int[] Clients,
    int[] Routes,
    int[] GoBgpRoutes,
    int Members,
    int MemberRoutes,
    int SlowRoutes,
    int[] GrowthRoutes,
    int Changes,
    int Repeat,
    TimeSpan Limit,
    string Fabricd,
    string[] FrrLines)
{
    /// <summary>What there is to choose from.</summary>
    public const string Usage =
        """
        usage: Fabric.Bgp.Benchmarks [--quick] [--scenarios shared,own,constraint,slow,growth] [--speakers relay,frr,gobgp,fabric] [--clients 1,3,16]
                                     [--routes N,...] [--gobgp-routes N,...] [--members N] [--member-routes N] [--slow-routes N] [--growth-routes N,...]
                                     [--changes N] [--repeat N] [--limit SECONDS] [--fabricd PATH] [--frr LINE]...
        """;

    private const int Most = 10_000_000;
    private static readonly string[] AllScenarios = ["shared", "own", "constraint", "slow", "growth"];
    private static readonly string[] AllSpeakers = ["relay", "frr", "gobgp", "fabric"];

    private static Options Full => new(
        AllScenarios, AllSpeakers, [1, 3, 16], [100_000, 500_000, 1_000_000], [5_000, 10_000], 1000, 1_000_000, 200_000,
        [250_000, 500_000, 1_000_000, 2_000_000, 4_000_000], 1000, 1, TimeSpan.FromSeconds(300), DefaultFabricd(), []);

    /// <summary>Parses the command line; null when it makes no sense.</summary>
    public static Options? Parse(string[] arguments)
    {
        var options = Full;
        if (arguments.Contains("--quick", StringComparer.Ordinal))
        {
            options = options with
            {
                Scenarios = ["shared"],
                Speakers = ["relay", "frr", "fabric"],
                Clients = [1],
                Routes = [100_000],
                Members = 50,
                MemberRoutes = 100_000,
                SlowRoutes = 50_000,
                GrowthRoutes = [50_000, 100_000],
                Changes = 50,
                Limit = TimeSpan.FromSeconds(60),
            };
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--quick")
            {
                continue;
            }

            if (i + 1 == arguments.Length || With(options, arguments[i], arguments[++i]) is not { } next)
            {
                return null;
            }

            options = next;
        }

        return options;
    }

    private static Options? With(Options options, string name, string value) => (name, Numbers(value)) switch
    {
        ("--scenarios", _) when Words(value, AllScenarios) is { } words => options with { Scenarios = words },
        ("--speakers", _) when Words(value, AllSpeakers) is { } words => options with { Speakers = words },
        ("--clients", { } numbers) when numbers.Max() <= 2000 => options with { Clients = numbers },
        ("--routes", { } numbers) => options with { Routes = numbers },
        ("--gobgp-routes", { } numbers) => options with { GoBgpRoutes = numbers },
        ("--members", [<= 2000 and var number]) => options with { Members = number },
        ("--member-routes", [>= ConstraintMeasurement.Vnis and var number]) => options with { MemberRoutes = number },
        ("--slow-routes", [var number]) => options with { SlowRoutes = number },
        ("--growth-routes", { } numbers) => options with { GrowthRoutes = numbers },
        ("--changes", [var number]) => options with { Changes = number },
        ("--repeat", [var number]) => options with { Repeat = number },
        ("--limit", [var number]) => options with { Limit = TimeSpan.FromSeconds(number) },
        ("--fabricd", _) => options with { Fabricd = Path.GetFullPath(value) },
        ("--frr", _) => options with { FrrLines = [.. options.FrrLines, value] },
        _ => null,
    };

    private static string[]? Words(string value, string[] known)
    {
        var words = value.Split(',');
        return words.Except(known, StringComparer.Ordinal).Any() ? null : words;
    }

    private static int[]? Numbers(string value)
    {
        var numbers = value.Split(',').Select(static n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
        return numbers.Any(static n => n is < 1 or > Most) ? null : numbers;
    }

    /// <summary>bin/fabricd of the tree that this program was built in.</summary>
    private static string DefaultFabricd()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Fabric.sln")))
            {
                return Path.Combine(folder.FullName, "bin", "fabricd");
            }
        }

        return "fabricd";
    }
}
