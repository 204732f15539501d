using System.CommandLine;
using System.Text.Json.Nodes;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>get</c>.</summary>
public static class GetCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var kindWord = new Argument<string>("kind") { Description = "site, tenant, device, link, vpc, vnet, ipam-allocation, ipam-subnet; plural and short names too" };
        var names = new Argument<string[]>("name") { Description = "only these", Arity = ArgumentArity.ZeroOrMore };
        var labels = new Option<string[]>("--label", "-l") { Description = "only with this label: KEY or KEY=VALUE; several: all of them" };
        return new Command("get", "list resources of a kind") { kindWord, names, labels }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var kind = KindName.Parse(parsed.GetValue(kindWord)!);
                var wanted = parsed.GetValue(names) ?? [];
                JsonArray items;
                if (wanted.Length == 0)
                {
                    items = await session.Api.ListAsync(Endpoints.WithQuery(kind.Plural, (parsed.GetValue(labels) ?? []).Select(l => ("label", (string?)l))), cancellationToken);
                }
                else
                {
                    items = [];
                    foreach (var name in wanted)
                    {
                        items.Add(await session.Api.GetAsync(Endpoints.Resource(kind, name), cancellationToken));
                    }
                }

                if (session.Print.Data(wanted.Length == 1 ? items[0] : new JsonObject { ["items"] = items }))
                {
                    return ExitCodes.Done;
                }

                if (items.Count == 0)
                {
                    session.Print.Note($"there is no {kind.Kind}");
                    return ExitCodes.Done;
                }

                var columns = KindColumns.Of(kind);
                session.Print.Table([.. columns.Select(c => c.Title)], items.Select(item => columns.Select(c => c.Value(item)).ToList()));
                return ExitCodes.Done;
            });
    }
}
