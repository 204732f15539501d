using System.CommandLine;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Output;

namespace Fabric.Ctl.Commands;

/// <summary><c>token</c>.</summary>
public static class TokenCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var name = new Argument<string>("name") { Description = "who will hold it; what the audit log calls them" };
        var role = new Option<string>("--role") { Description = "viewer, operator or admin", Required = true };
        role.AcceptOnlyFromAmong("viewer", "operator", "admin");
        var expires = new Option<string?>("--expires") { Description = "time from which on it is useless, 2027-01-31T00:00:00Z" };
        var create = new Command("create", "make a token; its secret is shown this one time") { name, role, expires }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var body = new JsonObject { ["name"] = parsed.GetValue(name), ["role"] = parsed.GetValue(role) };
                if (parsed.GetValue(expires) is { } time)
                {
                    body["expires"] = time;
                }

                var token = await session.Api.SendAsync(HttpMethod.Post, Endpoints.Tokens, body, cancellationToken);
                if (!session.Print.Data(token))
                {
                    session.Print.Line(token.TextAt("token"));
                    session.Print.Note($"token {token.TextAt("id")} for '{token.TextAt("name")}', role {token.TextAt("role")}; keep it: it is not shown again");
                }

                return ExitCodes.Done;
            });

        var list = new Command("list", "every token, without its secret").With(host, async (_, session, cancellationToken) =>
        {
            var items = await session.Api.ListAsync(Endpoints.Tokens, cancellationToken);
            if (!session.Print.Data(new JsonObject { ["items"] = items }))
            {
                session.Print.Table(
                    ["id", "name", "role", "created", "expires", "revoked"],
                    items.Select(t => (IReadOnlyList<string>)[t.TextAt("id"), t.TextAt("name"), t.TextAt("role"), Printer.Time(t.TextAt("created")), Printer.Time(t.TextAt("expires")), Printer.Time(t.TextAt("revoked"))]));
            }

            return ExitCodes.Done;
        });

        var id = new Argument<string>("id") { Description = "id of the token" };
        var revoke = new Command("revoke", "make a token useless at once") { id }.With(host, async (parsed, session, cancellationToken) =>
        {
            var answer = await session.Api.SendAsync(HttpMethod.Delete, $"{Endpoints.Tokens}/{Uri.EscapeDataString(parsed.GetValue(id)!)}", null, cancellationToken);
            if (!session.Print.Data(answer))
            {
                session.Print.Line($"token {parsed.GetValue(id)} is revoked");
            }

            return ExitCodes.Done;
        });
        return new Command("token", "API tokens") { create, list, revoke };
    }
}
